import { expect, test } from 'vitest';
import { selfChannel } from '../catalogue/channels.ts';
import { newDevice } from '../device/record.ts';
import { fakeFlow } from '../testing/fake-engine.ts';
import { asTold, ChannelOverrides } from './overrides.ts';

const channel = { ...selfChannel(newDevice('d', fakeFlow('127.0.0.2'))), name: 'IPC', longitude: 1, latitude: 2 };
const REF = { deviceId: 'd', channelId: 'd' };

test('what the operator sets is shown, what the device says is kept beside it and comes back', () => {
  const overrides = new ChannelOverrides();
  expect(overrides.apply(channel)).toBe(channel);
  overrides.set(REF, { name: 'Gate' });
  const shown = overrides.apply(channel);
  expect(shown).toEqual({ ...channel, name: 'Gate', told: { name: 'IPC', longitude: 1, latitude: 2 } });
  expect(asTold(shown)).toEqual(channel);
  // A new catalogue.
  expect(overrides.apply({ ...channel, name: 'IPC 2' })).toMatchObject({ name: 'Gate', told: { name: 'IPC 2' } });
  overrides.set(REF, { longitude: 3, latitude: 4 });
  expect(overrides.apply(shown)).toMatchObject({ name: 'IPC', longitude: 3, latitude: 4 });
  overrides.set(REF, {});
  expect(overrides.apply(shown)).toEqual(channel);
});
