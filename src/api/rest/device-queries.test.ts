import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANNEL_PATH, DEVICE_PATH, openApi, type ApiFixture } from '../../../test/support/api-fixture.ts';
import { CHANNEL, DEVICE, fakeChannel, fakeDevice } from '../../../test/support/fake-platform.ts';

let api: ApiFixture;
beforeEach(async () => {
  api = await openApi();
  api.platform.addDevice(fakeDevice(), [fakeChannel()]);
});
afterEach(() => api.close());

const asked = (name: string) => api.platform.calls.filter(([call]) => call === name);

describe('alarms that a device has kept', () => {
  test('asked of the device or of a channel, with every condition', async () => {
    const query = 'startPriority=1&endPriority=2&alarmMethod=2/5&alarmType=1&from=1000&to=2000';
    const answer = await api.get(`${CHANNEL_PATH}/alarms?${query}`);
    expect([answer.status, await answer.json()]).toEqual([200, { items: [], sumNum: 0, complete: true }]);
    expect((await api.get(`${DEVICE_PATH}/alarms`)).status).toBe(200);
    const conditions = {
      startPriority: 1,
      endPriority: 2,
      alarmMethod: '2/5',
      alarmType: '1',
      fromMs: 1_000,
      toMs: 2_000,
    };
    expect(asked('queryAlarms')).toEqual([
      ['queryAlarms', DEVICE, CHANNEL, conditions],
      ['queryAlarms', DEVICE, DEVICE, {}],
    ]);
  });

  test.each(['startPriority=5', 'endPriority=x', 'alarmMethod=8', 'alarmMethod=2/', 'alarmType=a', 'from=2&to=1'])(
    'bad condition %s',
    async (query) => {
      const answer = await api.get(`${DEVICE_PATH}/alarms?${query}`);
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'invalid_request' } }]);
      expect(asked('queryAlarms')).toEqual([]);
    },
  );

  test('of no channel that is known', async () => {
    expect((await api.get(`${DEVICE_PATH}/channels/9/alarms`)).status).toBe(404);
  });
});

describe('where a device is', () => {
  test('asked with the interval, 5 s where none is given', async () => {
    const answer = await api.get(`${CHANNEL_PATH}/mobile-position`);
    const position = { id: CHANNEL, at: 1_000, longitude: 118, latitude: 31, height: 2 };
    expect(await answer.json()).toEqual({ items: [position], sumNum: 1, complete: true });
    await api.get(`${DEVICE_PATH}/mobile-position?interval=30`);
    expect(asked('queryPositions')).toEqual([
      ['queryPositions', DEVICE, CHANNEL, 5],
      ['queryPositions', DEVICE, DEVICE, 30],
    ]);
    expect((await api.get(`${DEVICE_PATH}/mobile-position?interval=0`)).status).toBe(400);
  });
});

describe('recordings of a device', () => {
  test('asked for with every condition', async () => {
    const query =
      'from=1000&to=2000&filePath=a/1.mp4&address=store&secrecy=1&recorderId=admin&indistinctQuery=1' +
      '&streamNumber=1&alarmMethod=2/5&alarmType=1&force=true';
    expect((await api.get(`${CHANNEL_PATH}/records?${query}`)).status).toBe(200);
    const conditions = {
      filePath: 'a/1.mp4',
      address: 'store',
      secrecy: 1,
      recorderId: 'admin',
      indistinctQuery: 1,
      streamNumber: 1,
      alarmMethod: '2/5',
      alarmType: '1',
      force: true,
    };
    expect(asked('recordConditions')).toEqual([['recordConditions', conditions]]);
  });

  test.each(['secrecy=2', 'alarmMethod=9', 'streamNumber=-1', 'address='])('bad condition %s', async (condition) => {
    expect((await api.get(`${CHANNEL_PATH}/records?from=1000&to=2000&${condition}`)).status).toBe(400);
  });
});

test('a part of a catalogue, by region, group or time', async () => {
  const path = `${DEVICE_PATH}/refresh-catalog`;
  expect((await api.send('POST', `${path}?scope=340200&from=1&to=2`, undefined)).status).toBe(200);
  expect((await api.send('POST', path, undefined)).status).toBe(200);
  expect(asked('refreshCatalog')).toEqual([
    ['refreshCatalog', DEVICE, { id: '340200', fromMs: 1, toMs: 2 }],
    ['refreshCatalog', DEVICE],
  ]);
  expect((await api.send('POST', `${path}?scope=x`, undefined)).status).toBe(400);
});
