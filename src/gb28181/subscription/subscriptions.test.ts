import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { REPORTS } from '../../../test/support/report-stores.ts';
import {
  alarmNotify,
  catalogNotify,
  decodeText,
  EMPTY_CATALOG_ITEM,
  formatManscdp,
  positionNotify,
  ptzPositionNotify,
  type SubscriptionKind,
  type SubscriptionView,
} from '../index.ts';
import { CAMERA_ID, DEVICE_ID, openHarness, REALM, SERIAL, type FakeCamera, type Harness } from '../testing/harness.ts';
import { fakeFlow } from '../testing/fake-engine.ts';
import { parseSubscriptionState } from './subscription-state.ts';

const NOW = Date.UTC(2026, 2, 1, 2, 0, 0);
const OFF = { catalog: false, alarm: false, mobilePosition: false, ptzPosition: false };

let harness: Harness;
let camera: FakeCamera;

async function open(wanted: Partial<typeof OFF>): Promise<void> {
  const subscriptions = { ...REPORTS.subscriptions, wanted: { ...OFF, ...wanted }, expiresSec: 600 };
  harness = await openHarness({ reports: { ...REPORTS, subscriptions } });
  camera = harness.camera();
}

/** The device registers, and its subscriptions have had their turn. */
async function register(headers: ReadonlyArray<readonly [string, string]> = []): Promise<void> {
  camera.register({ headers, expires: 86_400 });
  await vi.advanceTimersByTimeAsync(4_000);
}

const view = (kind: SubscriptionKind): SubscriptionView => {
  const found = harness.platform.reports.subscriptions(DEVICE_ID).find((each) => each.kind === kind);
  if (found === undefined) throw new RangeError(kind);
  return found;
};
const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

/** Time with the keepalives of a device that is there. */
async function live(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 60) {
    camera.keepalive();
    await seconds(Math.min(60, left));
  }
}

function notify(callId: string, state: string, body = '', toTag?: string): number {
  const { status } = camera.send({
    method: 'NOTIFY',
    callId,
    ...(toTag !== undefined && { toTag }),
    headers: [
      ['Event', 'presence'],
      ['Subscription-State', state],
    ],
    body,
  });
  return status;
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(async () => {
  const closing = harness.platform.close();
  await vi.advanceTimersByTimeAsync(3_000);
  await closing;
  vi.useRealTimers();
});

describe('SUBSCRIBE of GB/T 28181 section 11', () => {
  const head = (cmdType: string, sn: number): string =>
    `<Query><CmdType>${cmdType}</CmdType><SN>${sn}</SN><DeviceID>${DEVICE_ID}</DeviceID>`;
  const cases: Array<{ kind: SubscriptionKind; event: RegExp; body: (sn: number) => string }> = [
    { kind: 'catalog', event: /^Catalog;id=\d+$/, body: (sn) => `${head('Catalog', sn)}</Query>` },
    {
      kind: 'alarm',
      event: /^presence$/,
      body: (sn) =>
        `${head('Alarm', sn)}<StartAlarmPriority>0</StartAlarmPriority><EndAlarmPriority>0</EndAlarmPriority>` +
        '<AlarmMethod>0</AlarmMethod><StartAlarmTime>2026-03-01T10:00:02</StartAlarmTime>' +
        '<EndAlarmTime>2036-02-27T10:00:02</EndAlarmTime></Query>',
    },
    {
      kind: 'mobilePosition',
      event: /^presence$/,
      body: (sn) => `${head('MobilePosition', sn)}<Interval>5</Interval></Query>`,
    },
    { kind: 'ptzPosition', event: /^presence$/, body: (sn) => `${head('PTZPosition', sn)}</Query>` },
  ];
  test.each(cases)('$kind', async ({ kind, event, body }) => {
    await open({ [kind]: true });
    await register([['X-GB-ver', '3.0']]);
    const [sent, ...more] = harness.engine.subscribes;
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      uri: `sip:${DEVICE_ID}@127.0.0.2:5060`,
      from: `sip:${SERIAL}@${REALM}`,
      to: `sip:${DEVICE_ID}@${REALM}`,
      contactUser: SERIAL,
      contentType: 'Application/MANSCDP+xml',
    });
    expect(sent?.headers).toEqual([
      ['Event', expect.stringMatching(event)],
      ['Expires', '600'],
    ]);
    const text = decodeText(sent?.body ?? Buffer.alloc(0));
    const sn = Number(/<SN>(\d+)/.exec(text)?.[1]);
    expect(text.replaceAll('\r\n', '')).toBe(`<?xml version="1.0" encoding="GB2312"?>${body(sn)}`);
    expect(view(kind)).toMatchObject({ state: 'active', notifies: 0, expiresAt: NOW + 602_000 });
  });

  test.each([
    ['presence', 'presence', 'presence'],
    ['package-id', 'Catalog;id=', 'Alarm;id='],
  ] as const)('quirk: Event %s for all', async (eventHeader, catalog, alarm) => {
    await open({});
    camera.register();
    harness.platform.updateSettings(DEVICE_ID, { eventHeader, subscriptions: { catalog: true, alarm: true } });
    await seconds(4);
    const events = harness.engine.subscribes.map(({ headers }) => headers?.[0]?.[1]);
    expect(events).toEqual([expect.stringContaining(catalog), expect.stringContaining(alarm)]);
  });

  test('kinds that are not wanted are off', async () => {
    await open({ alarm: true });
    await register();
    expect(harness.platform.reports.subscriptions(DEVICE_ID).map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      'catalog off',
      'alarm active',
      'mobilePosition off',
      'ptzPosition off',
    ]);
  });
});

describe('a subscription of a device', () => {
  test('is refreshed in its dialog before it expires, at 85 % of what the device granted', async () => {
    await open({ alarm: true });
    harness.engine.answerSubscribe = () => ({ status: 200, headers: [['Expires', '100']] });
    await register();
    const [dialog] = harness.engine.dialogs;
    await live(80);
    expect(dialog?.sent).toEqual([]);
    await live(6);
    expect(dialog?.sent).toHaveLength(1);
    expect(dialog?.sent[0]).toMatchObject({
      method: 'SUBSCRIBE',
      headers: [
        ['Event', 'presence'],
        ['Expires', '600'],
      ],
      contentType: 'Application/MANSCDP+xml',
    });
    expect(decodeText(dialog?.sent[0]?.body ?? Buffer.alloc(0))).toContain('<CmdType>Alarm</CmdType>');
    expect(harness.engine.subscribes).toHaveLength(1);
    expect(harness.platform.reports.counters.subscriptions).toMatchObject({ active: 1, subscribed: 1, refreshed: 1 });
  });

  test.each([6, 7, 8, 10])(
    'of %i s is refreshed in time, though deadlines are looked at once a second',
    async (granted) => {
      await open({ alarm: true });
      const { engine } = harness;
      const subscribe = engine.subscribe.bind(engine);
      // Granted between two looks.
      engine.subscribe = async (options) => {
        await new Promise((resolve) => setTimeout(resolve, 600));
        return subscribe(options);
      };
      engine.answerSubscribe = () => ({ status: 200, headers: [['Expires', String(granted)]] });
      engine.answerRefresh = { status: 200, headers: [['Expires', String(granted)]] };
      await register();
      await live(60);
      expect(engine.subscribes).toHaveLength(1);
      expect(harness.platform.reports.counters.subscriptions.refreshed).toBeGreaterThan(5);
    },
  );

  test.each([
    ['481', { status: 481 } as const, 1],
    ['no answer', 'silence' as const, 4],
  ])('is made anew when its refresh gets %s', async (_name, answer, waitSec) => {
    await open({ alarm: true });
    await register();
    harness.engine.answerRefresh = answer;
    await live(510);
    await live(waitSec);
    expect(harness.engine.dialogs[0]?.ended).toBe(true);
    expect(harness.engine.subscribes).toHaveLength(2);
    expect(harness.engine.subscribes[1]?.callId).not.toBe(harness.engine.subscribes[0]?.callId);
    expect(view('alarm').state).toBe('active');
  });

  test('comes back after the device registers again: in the dialog, else anew', async () => {
    await open({ alarm: true });
    await register();
    camera.register({ expires: 0 });
    await seconds(5);
    expect(harness.engine.dialogs[0]?.sent).toEqual([]);
    camera.flow = fakeFlow('127.0.0.2', { remotePort: 5070 });
    await register();
    const [dialog] = harness.engine.dialogs;
    expect(dialog?.flow.remotePort).toBe(5070);
    expect(dialog?.sent).toHaveLength(1);
    camera.register({ expires: 0 });
    harness.engine.answerRefresh = { status: 481 };
    await register();
    expect(harness.engine.subscribes).toHaveLength(2);
    expect(view('alarm').state).toBe('active');
  });

  test('comes back after a restart of the device that nobody saw: it registers under a new Call-ID', async () => {
    await open({ alarm: true });
    await register();
    harness.engine.answerRefresh = { status: 481 };
    await live(60);
    await register();
    expect(harness.engine.subscribes).toHaveLength(1);
    camera.callId = 'after the restart';
    const asked = harness.sentCommands('DeviceInfo').length;
    await register();
    expect(harness.engine.subscribes).toHaveLength(2);
    expect(harness.sentCommands('DeviceInfo')).toHaveLength(asked + 1);
    expect(view('alarm')).toMatchObject({ state: 'active', expiresAt: Date.now() + 598_000 });
    await register();
    expect(harness.engine.subscribes).toHaveLength(2);
  });

  test('quirk: a new Call-ID for each REGISTER is a restart once, not each time', async () => {
    await open({ alarm: true });
    await register();
    for (let n = 0; n < 5; n += 1) {
      camera.callId = `one of many ${n}`;
      await register();
    }
    // Where the device has not forgotten the dialog, it is refreshed.
    expect(harness.engine.subscribes).toHaveLength(1);
    expect(harness.engine.dialogs[0]?.sent).toHaveLength(1);
    await register();
    camera.callId = 'after the restart';
    await register();
    expect(harness.engine.dialogs[0]?.sent).toHaveLength(2);
  });

  test('comes back after our restart, when the device registers or is believed by its keepalives', async () => {
    await open({ alarm: true });
    await register();
    const { store } = harness;
    // As after a crash: nobody was told.
    const before = harness;
    harness = await openHarness({
      store,
      reports: { ...REPORTS, subscriptions: { ...REPORTS.subscriptions, wanted: { ...OFF, alarm: true } } },
    });
    camera = harness.camera();
    expect(view('alarm').state).toBe('off');
    for (let n = 0; n < 3; n += 1) camera.keepalive();
    await seconds(4);
    expect(harness.engine.subscribes).toHaveLength(1);
    expect(view('alarm').state).toBe('active');
    const closing = before.platform.close();
    await seconds(3);
    await closing;
  });

  test.each([489, 405, 403, 501])(
    'status %i means unsupported: tried again after an hour, and when it registers',
    async (status) => {
      await open({ catalog: true });
      harness.engine.answerSubscribe = () => ({ status, reason: 'No' });
      await register();
      expect(view('catalog')).toMatchObject({
        state: 'unsupported',
        failure: { code: 'rejected', status, message: `${status} No` },
        nextAttemptAt: expect.any(Number) as number,
      });
      await live(1_800);
      expect(harness.engine.subscribes).toHaveLength(1);
      await live(1_900);
      expect(harness.engine.subscribes).toHaveLength(2);
      camera.register({ expires: 0 });
      harness.engine.answerSubscribe = () => ({ status: 200 });
      await register();
      expect(view('catalog')).toMatchObject({ state: 'active' });
      expect(view('catalog').failure).toBeUndefined();
    },
  );

  test('that is never answered backs off, and counts as unsupported after three attempts', async () => {
    await open({ catalog: true });
    harness.engine.answerSubscribe = () => 'silence';
    await register();
    await seconds(2);
    expect(view('catalog')).toMatchObject({ state: 'backing_off', failure: { code: 'timeout', message: 'no answer' } });
    await live(33);
    expect(harness.engine.subscribes).toHaveLength(2);
    await live(65);
    expect(harness.engine.subscribes).toHaveLength(3);
    await seconds(2);
    expect(view('catalog').state).toBe('unsupported');
    await live(3_000);
    expect(harness.engine.subscribes).toHaveLength(3);
  });

  test('423 with Min-Expires: asked for so long, once', async () => {
    await open({ catalog: true });
    harness.engine.answerSubscribe = ({ headers }) =>
      headers?.some(([name, value]) => name === 'Expires' && value === '3600') === true
        ? { status: 200, headers: [['Expires', '3600']] }
        : { status: 423, headers: [['Min-Expires', '3600']] };
    await register();
    expect(harness.engine.subscribes).toHaveLength(2);
    expect(view('catalog').state).toBe('active');
  });

  test('PTZ position is no event of 2016', async () => {
    await open({ ptzPosition: true });
    await register([['X-GB-ver', '2.0']]);
    expect(harness.engine.subscribes).toEqual([]);
    expect(view('ptzPosition')).toMatchObject({ state: 'unsupported', failure: { code: 'edition' } });
  });

  test('the device may end it: asked for anew after its Retry-After', async () => {
    await open({ alarm: true });
    await register();
    const callId = harness.engine.subscribes[0]?.callId ?? '';
    await live(120);
    notify(callId, 'terminated;reason=probation;retry-after=300');
    expect(view('alarm')).toMatchObject({ state: 'backing_off', failure: { code: 'terminated' }, notifies: 1 });
    expect(harness.engine.dialogs[0]?.ended).toBe(true);
    await live(290);
    expect(harness.engine.subscribes).toHaveLength(1);
    await live(20);
    expect(view('alarm').state).toBe('active');
    notify(harness.engine.subscribes[1]?.callId ?? '', 'terminated;reason=rejected');
    expect(view('alarm').state).toBe('unsupported');
  });

  test('NOTIFYs are noted, in its dialog or not; of a stranger dialog only the body counts', async () => {
    await open({ alarm: true });
    await register();
    notify(harness.engine.subscribes[0]?.callId ?? '', 'active;expires=30');
    expect(view('alarm')).toMatchObject({ notifies: 1, lastNotifyAt: Date.now(), expiresAt: Date.now() + 30_000 });
    const body = '<Notify><CmdType>Alarm</CmdType><SN>1</SN><DeviceID>1</DeviceID></Notify>';
    notify('of-yesterday', 'terminated', body);
    expect(view('alarm')).toMatchObject({ notifies: 2, state: 'active' });
  });

  const alarmBody = (sn: number, time: string): string =>
    `<Notify><CmdType>Alarm</CmdType><SN>${sn}</SN><DeviceID>${DEVICE_ID}</DeviceID><AlarmPriority>1</AlarmPriority>` +
    `<AlarmMethod>5</AlarmMethod><AlarmTime>2026-03-01T10:00:${time}</AlarmTime></Notify>`;
  const kept = () => harness.platform.reports.alarms.counters.received;

  test('NOTIFYs of a dialog that is not ours are taken until ours tells, then 481 and left aside', async () => {
    await open({ alarm: true });
    await register();
    const callId = harness.engine.subscribes[0]?.callId ?? '';
    // As after a crash of ours: for now the dialog of before is the only one that tells.
    expect(notify('of-yesterday', 'active', alarmBody(1, '01'), 'y')).toBe(200);
    expect(kept()).toBe(1);
    expect(notify(callId, 'active', '', 'l')).toBe(200);
    expect(notify(callId, 'active', alarmBody(2, '02'), 'l')).toBe(200);
    expect(notify('of-yesterday', 'active', alarmBody(3, '02'), 'y')).toBe(481);
    expect(kept()).toBe(2);
    expect(view('alarm')).toMatchObject({ state: 'active', notifies: 3 });
    expect(harness.platform.reports.counters.subscriptions).toMatchObject({ notifies: 4, superseded: 1 });
    // Of another kind, or without a dialog: a device may tell what nobody has subscribed to.
    const place = `<Notify><CmdType>MobilePosition</CmdType><SN>4</SN><DeviceID>${DEVICE_ID}</DeviceID></Notify>`;
    expect(notify('of-yesterday', 'active', place, 'y')).toBe(200);
    expect(notify('by-itself', '', alarmBody(5, '03'))).toBe(200);
    expect(kept()).toBe(3);
  });

  test('quirk: NOTIFY in the name of a channel: its dialog says whose it is, else its body', async () => {
    await open({ alarm: true });
    await register();
    const callId = harness.engine.subscribes[0]?.callId ?? '';
    const from = `<sip:${CAMERA_ID}@${REALM}>;tag=c`;
    const headers = [['Subscription-State', 'active;expires=500']] as const;
    const send = (body: string, more: { callId?: string; toTag?: string }): number =>
      camera.send({ method: 'NOTIFY', from, headers, body, ...more }).status;
    const ofChannel = (sn: number): string => alarmBody(sn, `0${sn}`).replaceAll(DEVICE_ID, CAMERA_ID);
    expect(send(ofChannel(1), { callId, toTag: 'l' })).toBe(200);
    expect(kept()).toBe(1);
    expect(view('alarm')).toMatchObject({ notifies: 1, expiresAt: Date.now() + 500_000 });
    // A tag that is not ours proves nothing, and the channel is not known yet.
    expect(send(ofChannel(2), { callId, toTag: 'guessed' })).toBe(200);
    expect(kept()).toBe(1);
    expect(send(alarmBody(3, '03'), {})).toBe(200);
    expect(kept()).toBe(2);
    const item = { ...EMPTY_CATALOG_ITEM, id: CAMERA_ID };
    camera.message(catalogNotify(1, DEVICE_ID, [{ event: 'ADD', item }]));
    await seconds(1);
    expect(send(ofChannel(4), {})).toBe(200);
    expect(kept()).toBe(3);
    // Nor does the address of somebody else.
    camera.flow = fakeFlow('127.0.0.9');
    expect(send(ofChannel(5), { callId, toTag: 'l' })).toBe(200);
    expect(send(ofChannel(6), {})).toBe(200);
    expect(kept()).toBe(3);
  });

  test.each(['catalog', 'alarm', 'mobilePosition', 'ptzPosition'] as const)(
    'nothing of %s comes twice: two dialogs tell the same, one is heard',
    async (kind) => {
      await open({ [kind]: true });
      await register([['X-GB-ver', '3.0']]);
      const bodies = {
        catalog: catalogNotify(1, DEVICE_ID, [{ event: 'ADD', item: { ...EMPTY_CATALOG_ITEM, id: '1' } }]),
        alarm: alarmNotify(1, DEVICE_ID, { priority: 1, method: 5, type: 2, eventType: 0, description: '' }),
        mobilePosition: positionNotify(1, {
          form: 'flat',
          deviceId: DEVICE_ID,
          position: { id: DEVICE_ID, at: Date.now(), longitude: 118, latitude: 31 },
        }),
        ptzPosition: ptzPositionNotify(1, DEVICE_ID, { pan: 1, tilt: 0, zoom: 1 }),
      };
      const body = formatManscdp(bodies[kind], 'gb18030').toString();
      let pans = 0;
      harness.platform.on('ptzPosition', () => (pans += 1));
      const heard = (): number =>
        pans +
        harness.platform.reports.counters.catalog.received.ADD +
        harness.platform.reports.alarms.counters.received +
        harness.platform.reports.alarms.counters.repeated +
        harness.platform.reports.positions.counters.received;
      const callId = harness.engine.subscribes[0]?.callId ?? '';
      expect(notify(callId, 'active', body, 'l')).toBe(200);
      expect(notify('of-yesterday', 'active', body, 'y')).toBe(481);
      expect(heard()).toBe(1);
      expect(view(kind)).toMatchObject({ state: 'active', notifies: 1 });
      await seconds(1);
    },
  );

  test('a new dialog has to tell before that of before is refused', async () => {
    await open({ alarm: true });
    await register();
    const first = harness.engine.subscribes[0]?.callId ?? '';
    notify(first, 'active', '', 'l');
    harness.engine.answerRefresh = { status: 481 };
    await live(511);
    expect(harness.engine.subscribes).toHaveLength(2);
    expect(notify(first, 'active', alarmBody(1, '01'), 'l')).toBe(200);
    notify(harness.engine.subscribes[1]?.callId ?? '', 'active', '', 'l');
    expect(notify(first, 'active', alarmBody(2, '02'), 'l')).toBe(481);
    expect(kept()).toBe(1);
  });

  test('settings of the device: other kinds, at once and until they change', async () => {
    await open({ alarm: true });
    await register();
    harness.platform.updateSettings(DEVICE_ID, { subscriptions: { alarm: false, mobilePosition: true } });
    await seconds(4);
    expect(view('alarm').state).toBe('off');
    expect(harness.engine.dialogs[0]?.sent[0]?.headers).toContainEqual(['Expires', '0']);
    expect(harness.engine.dialogs[0]?.ended).toBe(true);
    expect(view('mobilePosition').state).toBe('active');
    harness.platform.updateSettings(DEVICE_ID, {});
    await seconds(4);
    expect(view('alarm').state).toBe('active');
    expect(view('mobilePosition').state).toBe('off');
  });

  test('a request of the operator tries again what was refused', async () => {
    await open({ alarm: true });
    harness.engine.answerSubscribe = () => ({ status: 489 });
    await register();
    harness.engine.answerSubscribe = () => ({ status: 200 });
    harness.platform.reports.renewSubscriptions(DEVICE_ID);
    await seconds(1);
    expect(view('alarm').state).toBe('active');
  });

  test('our shutdown and the removal of the device end it with Expires 0', async () => {
    await open({ alarm: true, catalog: true });
    await register();
    const closing = harness.platform.close();
    await seconds(1);
    await closing;
    for (const dialog of harness.engine.dialogs) {
      expect(dialog.sent.at(-1)?.headers).toContainEqual(['Expires', '0']);
      expect(dialog.ended).toBe(true);
    }
  });
});

test('three hundred devices subscribe fifty at a time', async () => {
  await open({ alarm: true });
  let underWay = 0;
  let most = 0;
  const { engine } = harness;
  const subscribe = engine.subscribe.bind(engine);
  engine.subscribe = async (options) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 100));
    underWay -= 1;
    return subscribe(options);
  };
  for (let n = 0; n < 300; n += 1) {
    harness
      .camera(`3402000000118${String(n).padStart(7, '0')}`, fakeFlow('127.0.0.3', { remotePort: 6000 + n }))
      .register();
  }
  await seconds(8);
  expect(most).toBe(50);
  expect(engine.subscribes).toHaveLength(300);
});

test.each([
  ['active;expires=60;retry-after=0', { ended: false, reason: '', leftSec: 60, retryAfterSec: 0 }],
  ['Active ; Expires = "60"', { ended: false, reason: '', leftSec: 60 }],
  ['TERMINATED; reason=Timeout', { ended: true, reason: 'timeout' }],
  ['pending', { ended: false, reason: '' }],
  ['', { ended: false, reason: '' }],
  ['active;expires=-1;;=;expires', { ended: false, reason: '' }],
])('Subscription-State %s', (text, expected) => {
  expect(parseSubscriptionState(text)).toEqual(expected);
});
