import { describe, expect, test } from 'vitest';
import type { Subscription } from '../api/subscriptions.ts';
import { en } from '../i18n/en/index.ts';
import { configuredFor, failureOf, toneOf, wishOf, withWish } from './subscriptions.ts';

describe('the wish for a kind', () => {
  test.each([
    { wanted: {}, wish: 'configured' },
    { wanted: { alarm: true }, wish: 'on' },
    { wanted: { alarm: false, catalog: true }, wish: 'off' },
  ])('$wanted is $wish', ({ wanted, wish }) => expect(wishOf(wanted, 'alarm')).toBe(wish));

  test('changes its kind only', () => {
    expect(withWish({ catalog: false }, 'alarm', 'on')).toEqual({ catalog: false, alarm: true });
    expect(withWish({ catalog: false, alarm: true }, 'alarm', 'off')).toEqual({ catalog: false, alarm: false });
    expect(withWish({ catalog: false, alarm: true }, 'alarm', 'configured')).toEqual({ catalog: false });
  });

  test('the last one that is as configured takes the setting away', () => {
    expect(withWish({ alarm: true }, 'alarm', 'configured')).toBeNull();
  });
});

test('what the configuration says is read under its own names', () => {
  const settings = { gb28181: { subscriptions: { catalog: true, 'ptz-position': false } } };
  expect(configuredFor(settings, 'catalog')).toBe(true);
  expect(configuredFor(settings, 'ptzPosition')).toBe(false);
  expect(configuredFor(settings, 'alarm')).toBeUndefined();
  expect(configuredFor(undefined, 'alarm')).toBeUndefined();
});

test.each([
  ['active', 'on'],
  ['off', 'off'],
  ['unsupported', 'warn'],
  ['waiting', 'warn'],
] as const)('%s is shown as %s', (state, tone) => {
  expect(toneOf({ kind: 'alarm', notifies: 0, state } satisfies Subscription)).toBe(tone);
});

describe('why it failed', () => {
  test.each([
    { code: 'rejected', message: '489 Bad Event', text: 'rejected', told: '489 Bad Event' },
    { code: 'terminated', message: 'ended by the device: noresource', text: 'terminated', told: 'noresource' },
    { code: 'terminated', message: 'ended by the device', text: 'terminated', told: '' },
    { code: 'timeout', message: 'no answer', text: 'timeout', told: '' },
    { code: 'limit', message: '9 subscriptions are open: limit 9', text: 'limit', told: '' },
    { code: 'new_code', message: 'something', text: 'other', told: 'something' },
  ])('$code: $message', ({ code, message, text, told }) => {
    const failure = failureOf({ code, message, at: 0 });
    expect(failure).toEqual({ text, told });
    expect(Object.keys(en.devices.subscriptions.failures)).toContain(text);
  });
});
