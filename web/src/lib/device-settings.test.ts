import { expect, test } from 'vitest';
import type { Device } from '../api/types.ts';
import { rebase, toForm, toPatch } from './device-settings.ts';

const device = { settings: { name: 'Gate', mediaTransport: 'udp', passwordSet: true } } as Device;

test('an untouched form changes nothing', () => expect(toPatch(device, toForm(device))).toEqual({}));

test('only what differs is sent, an emptied field goes back to the default', () => {
  const form = { ...toForm(device), name: ' ', mediaTransport: 'tcp-active', mediaAddress: ' 192.0.2.1 ' };
  expect(toPatch(device, form)).toEqual({ name: null, mediaTransport: 'tcp-active', mediaAddress: '192.0.2.1' });
});

test('every select of the form is read from the device and sent', () => {
  const settings = { requestUriHost: 'domain', ssrcCheck: 'latch', passwordSet: false } as const;
  const form = toForm({ settings } as Device);
  expect(form).toMatchObject({ requestUriHost: 'domain', ssrcCheck: 'latch', charset: '' });
  expect(toPatch({ settings } as Device, { ...form, requestUriHost: 'address' })).toEqual({
    requestUriHost: 'address',
  });
});

test('a password is never shown and is sent as it was typed', () => {
  expect(toForm(device).password).toBe('');
  expect(toPatch(device, { ...toForm(device), password: ' s p ' })).toEqual({ password: ' s p ' });
});

test('numbers and the Date header are sent as what they are, what is no number is not', () => {
  const old = { settings: { keepaliveTolerance: 5, dateHeader: true, passwordSet: false } } as Device;
  const form = toForm(old);
  expect(form).toMatchObject({ keepaliveTolerance: '5', dateHeader: 'true', timeOffsetSec: '' });
  expect(toPatch(old, { ...form, keepaliveTolerance: '', dateHeader: 'false', timeOffsetSec: '-3600' })).toEqual({
    keepaliveTolerance: null,
    dateHeader: false,
    timeOffsetSec: -3600,
  });
  expect(toPatch(old, { ...form, timeOffsetSec: '1.5' })).toEqual({});
});

test('what is typed while the answer is on its way stays, everything else is as it was saved', () => {
  const sent = { ...toForm(device), mediaTransport: 'tcp-active', password: 'p' };
  const meanwhile = { ...sent, name: 'Yard' };
  const saved = toForm({ settings: { name: 'Gate', mediaTransport: 'tcp-active', passwordSet: true } } as Device);
  expect(rebase(meanwhile, sent, saved)).toEqual({ ...saved, name: 'Yard', password: '' });
});

test('what somebody else has changed is taken over and not sent back, what is typed here stays', () => {
  const typed = { ...toForm(device), name: 'Yard' };
  const theirs = { settings: { ...device.settings, mediaAddress: '192.0.2.7' } } as Device;
  const form = rebase(typed, toForm(device), toForm(theirs));
  expect(toPatch(theirs, form)).toEqual({ name: 'Yard' });
});
