import { expect, test } from 'vitest';
import { fakeFlow } from '../testing/fake-engine.ts';
import type { DeviceSettings } from '../types.ts';
import { DeviceRecord, newDevice } from './record.ts';

const ID = '34020000001320000001';

function record(settings: DeviceSettings, protocol: 'udp' | 'tcp' = 'udp'): DeviceRecord {
  const flow = fakeFlow('192.0.2.9', { protocol, remotePort: 40_000 });
  const made = new DeviceRecord({ ...newDevice(ID, flow), settings }, ID);
  made.flow = flow;
  return made;
}

test.each([
  { settings: {}, seconds: 180 },
  { settings: { keepaliveTolerance: 1 }, seconds: 60 },
  { settings: { keepaliveTolerance: 10 }, seconds: 600 },
])('silence that $settings allows', ({ settings, seconds }) => {
  expect(record(settings).silenceMs(180)).toBe(seconds * 1000);
});

test.each([
  { settings: {}, protocol: 'udp', target: 'flow' },
  { settings: { sipTransport: 'auto' }, protocol: 'tcp', target: 'flow' },
  { settings: { sipTransport: 'tcp' }, protocol: 'tcp', target: 'flow' },
  {
    settings: { sipTransport: 'tcp' },
    protocol: 'udp',
    target: { protocol: 'tcp', address: '192.0.2.9', port: 40_000 },
  },
  { settings: { sipTransport: 'udp' }, protocol: 'tcp', target: { protocol: 'udp', address: '192.0.2.9', port: 5060 } },
] as const)('requests of $settings to a device on $protocol', ({ settings, protocol, target }) => {
  const device = record(settings, protocol);
  expect(device.target).toEqual(target === 'flow' ? device.flow : target);
});

test('the settings follow what the device tells about itself', () => {
  const device = record({});
  expect(device.settings.subStreamDialect).toBe('none');
  device.state.manufacturer = 'Dahua';
  expect(device.settings.subStreamDialect).toBe('streamprofile');
  device.state.settings = { subStreamDialect: 'stream' };
  expect(device.settings.subStreamDialect).toBe('stream');
});
