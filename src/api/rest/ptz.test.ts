import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHANNEL_PATH, openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';
import { decodePtz, type DeviceControl } from '../../gb28181/index.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.platform.addDevice(fakeDevice(), [fakeChannel()]);
});
afterEach(() => api.close());

const post = (path: string, body: unknown) => api.send('POST', `${CHANNEL_PATH}${path}`, body);
const lastControl = () => api.platform.calls.findLast(([call]) => call === 'control')?.[3] as DeviceControl;

test.each([
  { name: 'focus alone', body: { focus: 'near', focusSpeed: 9 }, sent: { focus: 1, iris: 0, speeds: [9, 9] } },
  { name: 'iris alone', body: { iris: 'open', irisSpeed: 7 }, sent: { focus: 0, iris: 1, speeds: [7, 7] } },
  { name: 'no speed', body: { iris: 'close' }, sent: { focus: 0, iris: -1, speeds: [128, 128] } },
  {
    name: 'two speeds',
    body: { focus: 'far', iris: 'open', focusSpeed: 1, irisSpeed: 2 },
    sent: { focus: -1, iris: 1, speeds: [1, 2] },
  },
  { name: 'the stop', body: {}, sent: { focus: 0, iris: 0, speeds: [0, 0] } },
])('quirk: one speed for focus and iris (GB/T 28181 20): $name', async ({ body, sent }) => {
  expect((await post('/lens', body)).status).toBe(202);
  const control = lastControl();
  const command = control.kind === 'ptz' ? decodePtz(control.hex) : 'none';
  const { focus, iris, speeds } = sent;
  expect(command).toEqual({ kind: 'lens', focus, iris, focusSpeed: speeds[0], irisSpeed: speeds[1] });
});

test.each([
  { name: '门'.repeat(16), status: 202 },
  { name: '门'.repeat(17), status: 400 },
  { name: 'g'.repeat(32), status: 202 },
  { name: `${'g'.repeat(31)}门`, status: 400 },
])('names of presets and cruise tracks have 32 bytes of GB18030: $name', async ({ name, status }) => {
  expect((await post('/presets/1', { name })).status).toBe(status);
  expect((await post('/cruises/1', { action: 'add', preset: 1, name })).status).toBe(status);
});
