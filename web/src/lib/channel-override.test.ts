import { expect, test } from 'vitest';
import type { Channel } from '../api/types.ts';
import { toChannelPatch, toldBy, toOverrideForm, wrongPosition } from './channel-override.ts';

const own = { name: 'IPC 1', longitude: 118.38, latitude: 31.33 } as Channel;
const renamed = { ...own, name: 'Gate', told: { name: 'IPC 1', longitude: 118.38, latitude: 31.33 } } as Channel;
const moved = { ...own, longitude: -0.5, told: { name: 'IPC 1', longitude: 118.38, latitude: 31.33 } } as Channel;

test('a form holds only what the operator has set', () => {
  expect(toOverrideForm(own)).toEqual({ name: '', longitude: '', latitude: '' });
  expect(toOverrideForm(renamed)).toEqual({ name: 'Gate', longitude: '', latitude: '' });
  expect(toOverrideForm(moved)).toEqual({ name: '', longitude: '-0.5', latitude: '31.33' });
  expect(toldBy(moved)).toEqual({ name: 'IPC 1', longitude: 118.38, latitude: 31.33 });
});

test.each([own, renamed, moved])('an untouched form changes nothing', (channel) => {
  expect(toChannelPatch(channel, toOverrideForm(channel))).toEqual({});
});

test('what is typed is sent, what is emptied is given back', () => {
  const typed = { name: ' Gate ', longitude: '118.4', latitude: ' 31 ' };
  expect(toChannelPatch(own, typed)).toEqual({ name: 'Gate', position: { longitude: 118.4, latitude: 31 } });
  expect(toChannelPatch(renamed, { ...toOverrideForm(renamed), name: ' ' })).toEqual({ name: null });
  expect(toChannelPatch(moved, { ...toOverrideForm(moved), longitude: '', latitude: '' })).toEqual({ position: null });
});

test.each([
  { longitude: '', latitude: '', wrong: false },
  { longitude: '180', latitude: '-90', wrong: false },
  { longitude: '118.4', latitude: '', wrong: true },
  { longitude: '', latitude: '31', wrong: true },
  { longitude: '181', latitude: '31', wrong: true },
  { longitude: '118', latitude: '91', wrong: true },
  { longitude: '118°', latitude: '31', wrong: true },
])('$longitude, $latitude is wrong: $wrong', ({ longitude, latitude, wrong }) => {
  const form = { name: '', longitude, latitude };
  expect(wrongPosition(form)).toBe(wrong);
  if (wrong) expect(toChannelPatch(own, form)).toEqual({});
});
