import { describe, expect, test } from 'vitest';
import {
  alarmNotify,
  alarmResponse,
  catalogNotify,
  decodeText,
  EMPTY_CATALOG_ITEM,
  formatManscdp,
  parseAlarmNotify,
  parseCatalogNotify,
  parseManscdp,
  parsePositionNotify,
  parsePtzPosition,
  parseSubscriptionQuery,
  parseVideoUploadNotify,
  positionNotify,
  ptzPositionNotify,
  subscriptionQuery,
  SUBSCRIPTION_KINDS,
  videoUploadNotify,
  type AlarmFacts,
  type Manscdp,
  type ManscdpParts,
  type PositionFacts,
} from '../index.ts';

const ALARM_ID = '34020000001340000001';
const DEVICE_ID = '34020000001180000001';
const CAR_ID = '34020000001320000001';
const TEN_OCLOCK = Date.UTC(2026, 2, 1, 2, 0, 0);

function parsed(body: string): Manscdp {
  const message = parseManscdp(Buffer.from(body));
  if (typeof message === 'string') throw new TypeError(message);
  return message;
}

/** As it is sent, without the declaration. */
function written(parts: ManscdpParts): string {
  return decodeText(formatManscdp(parts, 'gb18030'))
    .replace(/^<\?.*\?>/, '')
    .replaceAll('\r\n', '');
}

const MOTION: AlarmFacts = {
  priority: 3,
  method: 5,
  type: 2,
  eventType: 1,
  alarmedAt: TEN_OCLOCK,
  description: 'motion',
  longitude: 118.38,
  latitude: 31.33,
};
const HEAD = `<CmdType>Alarm</CmdType><SN>61</SN><DeviceID>${ALARM_ID}</DeviceID>`;
const PLAIN = '<AlarmPriority>3</AlarmPriority><AlarmMethod>5</AlarmMethod><AlarmTime>2026-03-01T10:00:00</AlarmTime>';
const NOTHING: AlarmFacts = { priority: 0, method: 0, type: 0, eventType: 0, description: '' };

describe('Alarm (GB/T 28181 section 10)', () => {
  test('notification, both ways', () => {
    const xml =
      `<Notify>${HEAD}${PLAIN}<AlarmDescription>motion</AlarmDescription><Longitude>118.38</Longitude>` +
      '<Latitude>31.33</Latitude><Info><AlarmType>2</AlarmType><AlarmTypeParam><EventType>1</EventType>' +
      '</AlarmTypeParam></Info></Notify>';
    expect(written(alarmNotify(61, ALARM_ID, MOTION))).toBe(xml);
    expect(parseAlarmNotify(parsed(xml))).toEqual(MOTION);
  });

  test('answer', () => {
    expect(written(alarmResponse(61, ALARM_ID))).toBe(`<Response>${HEAD}<Result>OK</Result></Response>`);
  });

  const basic = { ...NOTHING, priority: 3, method: 5, alarmedAt: TEN_OCLOCK };
  test.each<[string, string, AlarmFacts]>([
    ['what is required only', PLAIN, basic],
    ['quirk: info in lower case (WVP)', `${PLAIN}<info><AlarmType>6</AlarmType></info>`, { ...basic, type: 6 }],
    ['quirk: ExtraInfo (2022)', `${PLAIN}<ExtraInfo><AlarmType>6</AlarmType></ExtraInfo>`, { ...basic, type: 6 }],
    [
      'quirk: AlarmInfo beside it (Dahua)',
      `${PLAIN}<AlarmInfo><a>1</a></AlarmInfo><AlarmType>2</AlarmType>`,
      { ...basic, type: 2 },
    ],
    ['quirk: combined methods', PLAIN.replace('>5<', '>5/6<'), basic],
    ['several methods of 2016: the first', PLAIN.replace('>5<', '>56<'), basic],
    ['quirk: blanks', PLAIN.replace('>5<', '> 5 <'), basic],
    ['quirk: empty coordinates', `${PLAIN}<Longitude></Longitude><Latitude/>`, basic],
    ['quirk: one coordinate', `${PLAIN}<Longitude>1</Longitude>`, basic],
    ['quirk: impossible coordinates', `${PLAIN}<Longitude>1180</Longitude><Latitude>31</Latitude>`, basic],
    ['quirk: time with a zone', PLAIN.replace('10:00:00', '10:00:00+08:00'), basic],
    ['quirk: nothing at all', '', NOTHING],
    ['quirk: words for numbers', '<AlarmPriority>high</AlarmPriority><AlarmMethod>-1</AlarmMethod>', NOTHING],
  ])('%s', (_name, rest, facts) => {
    expect(parseAlarmNotify(parsed(`<Notify>${HEAD}${rest}</Notify>`))).toEqual(facts);
  });
});

describe('MobilePosition (GB/T 28181 11.4)', () => {
  const position: PositionFacts = {
    id: CAR_ID,
    at: TEN_OCLOCK,
    longitude: 118.38,
    latitude: 31.33,
    speed: 40,
    direction: 90,
    altitude: 12,
    height: 2,
  };
  const head = `<CmdType>MobilePosition</CmdType><SN>16</SN><DeviceID>${CAR_ID}</DeviceID>`;
  const time = '<Time>2026-03-01T10:00:00</Time>';
  const place =
    '<Longitude>118.38</Longitude><Latitude>31.33</Latitude><Speed>40</Speed><Direction>90</Direction><Altitude>12</Altitude><Height>2</Height>';
  const flat = `<Notify>${head}${time}${place}</Notify>`;
  const item = `<Item><DeviceID>${CAR_ID}</DeviceID><CaptureTime>2026-03-01T10:00:00</CaptureTime>${place}</Item>`;
  const list = `<Notify>${head}${time}<SumNum>1</SumNum><DeviceList Num="1">${item}</DeviceList></Notify>`;

  test.each(['flat', 'list'] as const)('%s form, both ways', (form) => {
    const xml = { flat, list }[form];
    expect(written(positionNotify(16, { form, deviceId: CAR_ID, position }))).toBe(xml);
    expect(parsePositionNotify(parsed(xml), DEVICE_ID)).toEqual({ positions: [position], unusable: 0 });
  });

  const bare = { id: CAR_ID, at: TEN_OCLOCK, longitude: 118.38, latitude: 31.33 };
  const here = '<Longitude>118.38</Longitude><Latitude>31.33</Latitude>';
  test.each<[string, string, readonly PositionFacts[], number]>([
    ['no DeviceID (2016)', flat.replace(`<DeviceID>${CAR_ID}</DeviceID>`, ''), [{ ...position, id: DEVICE_ID }], 0],
    [
      'empty values',
      `<Notify>${head}${time}${here}<Speed></Speed><Direction/><Altitude> </Altitude></Notify>`,
      [bare],
      0,
    ],
    ['no fix yet: empty', `<Notify>${head}${time}<Longitude></Longitude><Latitude></Latitude></Notify>`, [], 1],
    ['no fix yet: 0, 0', `<Notify>${head}${time}<Longitude>0.0</Longitude><Latitude>0</Latitude></Notify>`, [], 1],
    ['impossible', `<Notify>${head}${time}<Longitude>200</Longitude><Latitude>1</Latitude></Notify>`, [], 1],
    ['no time', `<Notify>${head}${here}</Notify>`, [{ id: CAR_ID, longitude: 118.38, latitude: 31.33 }], 0],
    ['time of the list only', list.replace(/<CaptureTime>[^<]*<\/CaptureTime>/, ''), [position], 0],
    [
      'two items, one empty',
      list.replace('</DeviceList>', '<Item><DeviceID>2</DeviceID></Item></DeviceList>'),
      [position],
      1,
    ],
    ['root Response', flat.replaceAll('Notify', 'Response'), [position], 0],
  ])('quirk: %s', (_name, xml, positions, unusable) => {
    expect(parsePositionNotify(parsed(xml), DEVICE_ID)).toEqual({ positions, unusable });
  });
});

describe('Catalog in a NOTIFY (GB/T 28181 11.3)', () => {
  const head = `<CmdType>Catalog</CmdType><SN>15</SN><DeviceID>${DEVICE_ID}</DeviceID>`;
  const off = '<Item><DeviceID>34020000001310000001</DeviceID><Event>OFF</Event></Item>';
  const fields =
    '<Name>New</Name><Manufacturer>ACME</Manufacturer><Model>IPC</Model><Owner></Owner><CivilCode>340200</CivilCode>' +
    `<Address>x</Address><Parental>0</Parental><ParentID>${DEVICE_ID}</ParentID><SafetyWay>0</SafetyWay>` +
    '<RegisterWay>1</RegisterWay><Secrecy>0</Secrecy><Status>ON</Status>';
  const add = `<Item><DeviceID>34020000001310000005</DeviceID><Event>ADD</Event>${fields}</Item>`;
  const xml = `<Notify>${head}<SumNum>2</SumNum><DeviceList Num="2">${off}${add}</DeviceList></Notify>`;
  const added = {
    ...EMPTY_CATALOG_ITEM,
    id: '34020000001310000005',
    name: 'New',
    manufacturer: 'ACME',
    model: 'IPC',
    civilCode: '340200',
    address: 'x',
    parentIdText: DEVICE_ID,
  };

  test('both ways', () => {
    const gone = { ...EMPTY_CATALOG_ITEM, id: '34020000001310000001' };
    const changes = [
      { event: 'OFF' as const, item: gone },
      { event: 'ADD' as const, item: added },
    ];
    expect(written(catalogNotify(15, DEVICE_ID, changes))).toBe(xml);
    expect(parseCatalogNotify(parsed(xml))).toEqual([
      { event: 'OFF', item: { ...gone, registerWay: 0 } },
      { event: 'ADD', item: added },
    ]);
  });

  test.each<[string, string, string[]]>([
    [
      'root Response, no Event (2016)',
      xml.replaceAll('Notify', 'Response').replaceAll(/<Event>[^<]*<\/Event>/g, ''),
      ['UPDATE', 'UPDATE'],
    ],
    ['Num with blanks', xml.replace('"2"', '" 2 "'), ['OFF', 'ADD']],
    ['events in lower case', xml.replace('OFF', 'off'), ['OFF', 'ADD']],
    ['an unknown event', xml.replace('OFF', 'MELTED'), ['ADD']],
    ['no DeviceID', xml.replace('<DeviceID>34020000001310000001</DeviceID>', ''), ['ADD']],
    ['nothing', `<Notify>${head}<SumNum>0</SumNum></Notify>`, []],
    ...['ON', 'OFF', 'VLOST', 'DEFECT', 'ADD', 'DEL', 'UPDATE'].map((event): [string, string, string[]] => [
      event,
      xml.replace('OFF', event),
      [event, 'ADD'],
    ]),
  ])('%s', (_name, body, events) => {
    expect(parseCatalogNotify(parsed(body)).map(({ event }) => event)).toEqual(events);
  });
});

test('PTZPosition, both ways and with either root', () => {
  const xml = `<Notify><CmdType>PTZPosition</CmdType><SN>1</SN><DeviceID>${CAR_ID}</DeviceID><Pan>123.40</Pan><Tilt>-10.00</Tilt><Zoom>4.00</Zoom></Notify>`;
  const facts = { pan: 123.4, tilt: -10, zoom: 4 };
  expect(written(ptzPositionNotify(1, CAR_ID, facts))).toBe(xml);
  expect(parsePtzPosition(parsed(xml))).toEqual(facts);
  expect(parsePtzPosition(parsed(xml.replaceAll('Notify', 'Response')))).toEqual(facts);
  expect(parsePtzPosition(parsed(xml.replace('123.40', '')))).toEqual({ tilt: -10, zoom: 4 });
});

test('VideoUploadNotify, both ways', () => {
  const head = `<CmdType>VideoUploadNotify</CmdType><SN>1</SN><DeviceID>${CAR_ID}</DeviceID>`;
  const xml = `<Notify>${head}<Time>2026-03-01T10:00:00</Time><Longitude>118.38</Longitude><Latitude>31.33</Latitude></Notify>`;
  const facts = { at: TEN_OCLOCK, longitude: 118.38, latitude: 31.33 };
  expect(written(videoUploadNotify(1, CAR_ID, facts))).toBe(xml);
  expect(parseVideoUploadNotify(parsed(xml))).toEqual(facts);
  expect(parseVideoUploadNotify(parsed(`<Notify>${head}</Notify>`))).toEqual({});
});

test('what a SUBSCRIBE is for is told by its body', () => {
  for (const kind of SUBSCRIPTION_KINDS) {
    const body = { kind, intervalSec: 7, period: { from: TEN_OCLOCK, to: TEN_OCLOCK } };
    expect(parseSubscriptionQuery(parsed(written(subscriptionQuery(1, DEVICE_ID, body))))).toEqual({
      kind,
      intervalSec: kind === 'mobilePosition' ? 7 : 5,
    });
  }
  expect(parseSubscriptionQuery(parsed('<Query><CmdType>DeviceInfo</CmdType></Query>'))).toBeUndefined();
});
