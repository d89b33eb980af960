import { describe, expect, test } from 'vitest';
import {
  alarmQuery,
  alarmQueryResponse,
  catalogQuery,
  catalogResponse,
  CONFIG_TYPES,
  configDownloadQuery,
  configDownloadResponse,
  cruiseTrackListQuery,
  cruiseTrackListResponse,
  cruiseTrackQuery,
  cruiseTrackResponse,
  deviceConfig,
  deviceControl,
  deviceInfoQuery,
  deviceInfoResponse,
  deviceStatusQuery,
  deviceStatusResponse,
  deviceUpgradeResultNotify,
  formatManscdp,
  homePositionQuery,
  homePositionResponse,
  mobilePositionQuery,
  parseAlarmQuery,
  parseAlarmQueryPart,
  parseCatalogPart,
  parseCatalogQuery,
  parseConfigTypes,
  parseConfigValues,
  parseCruiseTrackListPart,
  parseCruiseTrackPart,
  parseDeviceConfig,
  parseDeviceControl,
  parseDeviceInfo,
  parseDeviceStatus,
  parseDeviceUpgradeResult,
  parseHomePosition,
  parseManscdp,
  parsePositionNotify,
  parsePresetPart,
  parsePtzPosition,
  parseRecordInfoPart,
  parseRecordInfoQuery,
  parseSdCardStatusPart,
  parseSnapshotFinished,
  parseSubscriptionQuery,
  positionResponse,
  presetQuery,
  presetResponse,
  ptzPositionQuery,
  ptzPositionResponse,
  reasonOf,
  recordInfoQuery,
  recordInfoResponse,
  resultOf,
  resultResponse,
  sdCardStatusQuery,
  sdCardStatusResponse,
  snapshotFinishedNotify,
  SUBSCRIPTION_KINDS,
  subscriptionQuery,
  type AlarmConditions,
  type ConfigValues,
  type DeviceControl,
  type Manscdp,
  type ManscdpParts,
  type SubscriptionKind,
} from './index.ts';
import type { CatalogItem, RecordItem } from '../types.ts';

const DEVICE = '34020000001180000001';
const CAMERA = '34020000001310000001';
const IPC = '34020000001320000001';
const SESSION = '0123456789abcdef0123456789abcdef';

const RECORD_QUERY = {
  channelId: CAMERA,
  fromMs: Date.UTC(2026, 1, 28, 16),
  toMs: Date.UTC(2026, 2, 1, 16),
  filePath: 'a/1.mp4',
  address: 'store',
  secrecy: 1,
  type: 'alarm',
  recorderId: 'admin',
  indistinctQuery: 1,
  streamNumber: 1,
  alarmMethod: '2/5',
  alarmType: '1/2',
} as const;

/** The document without its declaration. */
function xmlOf(parts: ManscdpParts): string {
  const [declaration, ...lines] = formatManscdp(parts, 'gb18030').toString('latin1').split('\r\n');
  expect(declaration).toBe('<?xml version="1.0" encoding="GB2312"?>');
  return lines.join('');
}

function read(xml: string): Manscdp {
  const message = parseManscdp(Buffer.from(xml));
  if (typeof message === 'string') throw new TypeError(message);
  return message;
}

const head = (cmdType: string, sn: number, id: string): string =>
  `<CmdType>${cmdType}</CmdType><SN>${sn}</SN><DeviceID>${id}</DeviceID>`;

describe('DeviceControl (GB/T 28181 9.2): the exact XML, both ways', () => {
  const area = { length: 704, width: 576, midPointX: 352, midPointY: 288, lengthX: 120, lengthY: 90 };
  const AREA =
    '<Length>704</Length><Width>576</Width><MidPointX>352</MidPointX><MidPointY>288</MidPointY><LengthX>120</LengthX><LengthY>90</LengthY>';
  const PRIORITY = '<Info><ControlPriority>5</ControlPriority></Info>';
  const cases: Array<{ name: string; control: DeviceControl; xml: string; gbVersion?: string }> = [
    {
      name: 'PTZCmd',
      control: { kind: 'ptz', hex: 'A50F01021F0000D6' },
      xml: `<PTZCmd>A50F01021F0000D6</PTZCmd>${PRIORITY}`,
    },
    {
      name: 'PTZCmd with the name of a preset',
      control: { kind: 'ptz', hex: 'A50F01810005003B', presetName: 'gate' },
      xml: `<PTZCmd>A50F01810005003B</PTZCmd><PTZCmdParams><PresetName>gate</PresetName></PTZCmdParams>${PRIORITY}`,
    },
    {
      name: 'PTZCmd with the name of a cruise track',
      control: { kind: 'ptz', hex: 'A50F01840103003D', cruiseTrackName: 'round' },
      xml: `<PTZCmd>A50F01840103003D</PTZCmd><PTZCmdParams><CruiseTrackName>round</CruiseTrackName></PTZCmdParams>${PRIORITY}`,
    },
    {
      name: 'IFameCmd of 2016',
      control: { kind: 'key_frame' },
      gbVersion: '2.0',
      xml: '<IFameCmd>Send</IFameCmd>',
    },
    { name: 'IFrameCmd of 2022', control: { kind: 'key_frame' }, xml: '<IFrameCmd>Send</IFrameCmd>' },
    { name: 'TeleBoot', control: { kind: 'reboot' }, xml: '<TeleBoot>Boot</TeleBoot>' },
    { name: 'RecordCmd', control: { kind: 'record', on: true }, xml: '<RecordCmd>Record</RecordCmd>' },
    {
      name: 'RecordCmd of a stream',
      control: { kind: 'record', on: false, streamNumber: 1 },
      xml: '<RecordCmd>StopRecord</RecordCmd><StreamNumber>1</StreamNumber>',
    },
    { name: 'GuardCmd', control: { kind: 'guard', set: true }, xml: '<GuardCmd>SetGuard</GuardCmd>' },
    { name: 'GuardCmd off', control: { kind: 'guard', set: false }, xml: '<GuardCmd>ResetGuard</GuardCmd>' },
    { name: 'AlarmCmd', control: { kind: 'alarm_reset' }, xml: '<AlarmCmd>ResetAlarm</AlarmCmd>' },
    {
      name: 'AlarmCmd of one kind',
      control: { kind: 'alarm_reset', alarmMethod: '2', alarmType: '5' },
      xml: '<AlarmCmd>ResetAlarm</AlarmCmd><Info><AlarmMethod>2</AlarmMethod><AlarmType>5</AlarmType></Info>',
    },
    {
      name: 'DragZoomIn',
      control: { kind: 'drag_zoom', direction: 'in', area },
      xml: `<DragZoomIn>${AREA}</DragZoomIn>`,
    },
    {
      name: 'DragZoomOut',
      control: { kind: 'drag_zoom', direction: 'out', area },
      xml: `<DragZoomOut>${AREA}</DragZoomOut>`,
    },
    {
      name: 'HomePosition',
      control: { kind: 'home_position', home: { enabled: true, resetTime: 60, presetIndex: 1 } },
      xml: '<HomePosition><Enabled>1</Enabled><ResetTime>60</ResetTime><PresetIndex>1</PresetIndex></HomePosition>',
    },
    {
      name: 'HomePosition off',
      control: { kind: 'home_position', home: { enabled: false } },
      xml: '<HomePosition><Enabled>0</Enabled></HomePosition>',
    },
    {
      name: 'PTZPreciseCtrl',
      control: { kind: 'precise_ptz', position: { pan: 90, tilt: -5, zoom: 2 } },
      xml: '<PTZPreciseCtrl><Pan>90.00</Pan><Tilt>-5.00</Tilt><Zoom>2.00</Zoom></PTZPreciseCtrl>',
    },
    {
      name: 'PTZPreciseCtrl of one axis',
      control: { kind: 'precise_ptz', position: { zoom: 1.5 } },
      xml: '<PTZPreciseCtrl><Zoom>1.50</Zoom></PTZPreciseCtrl>',
    },
    {
      name: 'DeviceUpgrade',
      control: {
        kind: 'upgrade',
        upgrade: {
          firmware: 'V2.0.1',
          fileUrl: 'http://192.0.2.10/fw.bin',
          manufacturer: 'ACME',
          sessionId: SESSION,
        },
      },
      xml: `<DeviceUpgrade><Firmware>V2.0.1</Firmware><FileURL>http://192.0.2.10/fw.bin</FileURL><Manufacturer>ACME</Manufacturer><SessionID>${SESSION}</SessionID></DeviceUpgrade>`,
    },
    {
      name: 'FormatSDCard',
      control: { kind: 'format_sd_card', card: 0 },
      xml: '<FormatSDCard>0</FormatSDCard>',
    },
    {
      name: 'TargetTrack by itself',
      control: { kind: 'target_track', mode: 'Auto' },
      xml: '<TargetTrack>Auto</TargetTrack>',
    },
    {
      name: 'TargetTrack to its end',
      control: { kind: 'target_track', mode: 'Stop' },
      xml: '<TargetTrack>Stop</TargetTrack>',
    },
    {
      name: 'TargetTrack of an area in the panorama',
      control: { kind: 'target_track', mode: 'Manual', panoramaId: '34020000001310000009', area },
      xml: `<TargetTrack>Manual</TargetTrack><DeviceID2>34020000001310000009</DeviceID2><TargetArea>${AREA}</TargetArea>`,
    },
  ];

  test.each(cases)('$name', ({ control, xml, gbVersion = '3.0' }) => {
    const document = `<Control>${head('DeviceControl', 401, CAMERA)}${xml}</Control>`;
    expect(xmlOf(deviceControl(401, CAMERA, control, gbVersion))).toBe(document);
    expect(parseDeviceControl(read(document))).toEqual(control);
  });

  test('every kind of control is here', () => {
    const kinds: Record<DeviceControl['kind'], true> = {
      ptz: true,
      key_frame: true,
      reboot: true,
      record: true,
      guard: true,
      alarm_reset: true,
      drag_zoom: true,
      home_position: true,
      precise_ptz: true,
      upgrade: true,
      format_sd_card: true,
      target_track: true,
    };
    expect(new Set(cases.map(({ control }) => control.kind))).toEqual(new Set(Object.keys(kinds)));
  });

  test.each([
    ['an unknown sub-command', '<FlyCmd>Up</FlyCmd>'],
    ['an unknown word', '<RecordCmd>Pause</RecordCmd><GuardCmd>x</GuardCmd>'],
    ['an area with a number missing', '<DragZoomIn><Length>704</Length></DragZoomIn>'],
    ['nothing', ''],
  ])('reads %s as none', (_name, xml) => {
    expect(parseDeviceControl(read(`<Control>${head('DeviceControl', 1, CAMERA)}${xml}</Control>`))).toBeUndefined();
  });

  test('the Response', () => {
    const document = `<Response>${head('DeviceControl', 402, CAMERA)}<Result>OK</Result></Response>`;
    expect(xmlOf(resultResponse({ cmdType: 'DeviceControl', sn: 402, deviceId: CAMERA }, true))).toBe(document);
    expect(resultOf(read(document))).toBe('OK');
    const refused = read(
      document.replace('>OK<', '>error<').replace('</Response>', '<Reason>busy</Reason></Response>'),
    );
    expect([resultOf(refused), reasonOf(refused)]).toEqual(['ERROR', 'busy']);
    expect(resultOf(read(document.replace('>OK<', '><')))).toBeUndefined();
  });
});

describe('queries (GB/T 28181 6, 7.1, 8.1, 9.4, 11): the exact XML, both ways', () => {
  const period = { from: Date.UTC(2026, 1, 28, 16), to: Date.UTC(2026, 2, 1, 16) };
  const filters =
    '<StartAlarmPriority>0</StartAlarmPriority><EndAlarmPriority>0</EndAlarmPriority><AlarmMethod>0</AlarmMethod>' +
    '<StartAlarmTime>2026-03-01T00:00:00</StartAlarmTime><EndAlarmTime>2026-03-02T00:00:00</EndAlarmTime>';
  const subscription = (kind: SubscriptionKind) => subscriptionQuery(701, DEVICE, { kind, intervalSec: 5, period });
  const conditions: AlarmConditions = {
    startPriority: 1,
    endPriority: 4,
    alarmMethod: '2/5',
    alarmType: '1',
    fromMs: period.from,
    toMs: period.to,
  };
  const conditionsXml = (method: string): string =>
    `<StartAlarmPriority>1</StartAlarmPriority><EndAlarmPriority>4</EndAlarmPriority><AlarmMethod>${method}</AlarmMethod>` +
    '<AlarmType>1</AlarmType><StartAlarmTime>2026-03-01T00:00:00</StartAlarmTime><EndAlarmTime>2026-03-02T00:00:00</EndAlarmTime>';
  const cases: Array<[parts: ManscdpParts, xml: string]> = [
    [alarmQuery(109, DEVICE, {}, '3.0'), head('Alarm', 109, DEVICE)],
    [alarmQuery(109, DEVICE, conditions, '3.0'), `${head('Alarm', 109, DEVICE)}${conditionsXml('2/5')}`],
    [alarmQuery(109, DEVICE, conditions, '2.0'), `${head('Alarm', 109, DEVICE)}${conditionsXml('25')}`],
    [mobilePositionQuery(110, CAMERA, 5), `${head('MobilePosition', 110, CAMERA)}<Interval>5</Interval>`],
    [catalogQuery(201, DEVICE), head('Catalog', 201, DEVICE)],
    [
      recordInfoQuery(301, { channelId: CAMERA, fromMs: period.from, toMs: period.to }),
      `${head('RecordInfo', 301, CAMERA)}<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-02T00:00:00</EndTime><Secrecy>0</Secrecy><Type>all</Type>`,
    ],
    [
      catalogQuery(202, '340200', { fromMs: period.from, toMs: period.to }),
      `${head('Catalog', 202, '340200')}<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-02T00:00:00</EndTime>`,
    ],
    [
      recordInfoQuery(302, RECORD_QUERY),
      `${head('RecordInfo', 302, CAMERA)}<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-02T00:00:00</EndTime>` +
        '<FilePath>a/1.mp4</FilePath><Address>store</Address><Secrecy>1</Secrecy><Type>alarm</Type><RecorderID>admin</RecorderID>' +
        '<IndistinctQuery>1</IndistinctQuery><StreamNumber>1</StreamNumber><AlarmMethod>2/5</AlarmMethod><AlarmType>1/2</AlarmType>',
    ],
    [subscription('catalog'), head('Catalog', 701, DEVICE)],
    [subscription('alarm'), `${head('Alarm', 701, DEVICE)}${filters}`],
    [subscription('mobilePosition'), `${head('MobilePosition', 701, DEVICE)}<Interval>5</Interval>`],
    [subscription('ptzPosition'), head('PTZPosition', 701, DEVICE)],
    [deviceInfoQuery(101, DEVICE), head('DeviceInfo', 101, DEVICE)],
    [deviceStatusQuery(102, DEVICE), head('DeviceStatus', 102, DEVICE)],
    [presetQuery(103, CAMERA), head('PresetQuery', 103, CAMERA)],
    [homePositionQuery(104, CAMERA), head('HomePositionQuery', 104, CAMERA)],
    [cruiseTrackListQuery(105, CAMERA), head('CruiseTrackListQuery', 105, CAMERA)],
    [cruiseTrackQuery(106, CAMERA, 0), `${head('CruiseTrackQuery', 106, CAMERA)}<Number>0</Number>`],
    [ptzPositionQuery(107, CAMERA), head('PTZPosition', 107, CAMERA)],
    [sdCardStatusQuery(108, IPC), head('SDCardStatus', 108, IPC)],
    [
      configDownloadQuery(502, IPC, ['BasicParam', 'VideoParamOpt']),
      `${head('ConfigDownload', 502, IPC)}<ConfigType>BasicParam/VideoParamOpt</ConfigType>`,
    ],
  ];
  test.each(cases)('$cmdType', (parts, xml) => {
    const document = `<Query>${xml}</Query>`;
    expect(xmlOf(parts)).toBe(document);
    const { root, cmdType, sn, deviceId, body } = read(document);
    expect({ root, cmdType, sn, deviceId }).toEqual({
      root: 'Query',
      cmdType: parts.cmdType,
      sn: parts.sn,
      deviceId: parts.deviceId,
    });
    for (const { name, content } of parts.rest ?? []) {
      // What is not asked for is not written.
      if (content !== undefined) expect([body.field(name), Number(body.field(name))]).toContain(content);
    }
  });

  test.each(SUBSCRIPTION_KINDS)('what a SUBSCRIBE to %s asks for is read by a device', (kind) => {
    expect(parseSubscriptionQuery(read(xmlOf(subscription(kind))))).toEqual({ kind, intervalSec: 5 });
  });

  test('what a RecordInfo asks for is read by a device', () => {
    const query = { channelId: CAMERA, fromMs: period.from, toMs: period.to, type: 'alarm' } as const;
    expect(parseRecordInfoQuery(read(xmlOf(recordInfoQuery(1, query))))).toEqual(query);
  });

  test.each(['2.0', '3.0'])('what an Alarm query asks for is read by a device: X-GB-ver %s', (gbVersion) => {
    expect(parseAlarmQuery(read(xmlOf(alarmQuery(1, DEVICE, conditions, gbVersion))))).toEqual(conditions);
    expect(parseAlarmQuery(read(xmlOf(alarmQuery(1, DEVICE, {}, gbVersion))))).toEqual({});
  });

  test('quirk: StartTime and EndTime in an Alarm query (example of 2016)', () => {
    const { fromMs, toMs } = conditions;
    const xml = `<Query>${head('Alarm', 1, DEVICE)}<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-02T00:00:00</EndTime></Query>`;
    expect(parseAlarmQuery(read(xml))).toEqual({ fromMs, toMs });
  });

  test('every condition of a RecordInfo, and the times of a Catalog, are read by a device', () => {
    expect(parseRecordInfoQuery(read(xmlOf(recordInfoQuery(1, RECORD_QUERY))))).toEqual(RECORD_QUERY);
    const added = { fromMs: period.from, toMs: period.to };
    expect(parseCatalogQuery(read(xmlOf(catalogQuery(1, '340200', added))))).toEqual(added);
    expect(parseCatalogQuery(read(xmlOf(catalogQuery(1, DEVICE))))).toEqual({});
  });

  test('types of configuration are read as they were asked for', () => {
    const types = ['BasicParam', 'OSDConfig'] as const;
    expect(parseConfigTypes(read(xmlOf(configDownloadQuery(1, IPC, types))))).toEqual(types);
    expect(parseConfigTypes(read(xmlOf({ root: 'Query', cmdType: 'ConfigDownload', sn: 1, deviceId: IPC })))).toEqual(
      [],
    );
  });
});

describe('answers and notifications (GB/T 28181 6, 9): the exact XML, both ways', () => {
  interface Case {
    readonly name: string;
    readonly parts: ManscdpParts;
    readonly xml: string;
    readonly parse: (message: Manscdp) => unknown;
    readonly value: unknown;
  }
  const info = { name: 'lobby nvr', manufacturer: 'ACME', model: 'NVR-16', firmware: 'V4.1', channels: 16 };
  const status = {
    online: true,
    status: 'OK',
    encode: 'ON',
    record: 'OFF',
    deviceTime: '2026-03-01T10:00:00',
    reason: '',
    alarms: [{ deviceId: '34020000001340000001', dutyStatus: 'ONDUTY' }],
  };
  const presets = {
    sumNum: 2,
    items: [
      { id: '1', name: 'gate' },
      { id: '2', name: 'yard' },
    ],
  };
  const home = { enabled: true, resetTime: 60, presetIndex: 1 };
  const point = (presetIndex: number) => ({ presetIndex, stayTime: 10, speed: 7 });
  const pointXml = (preset: number) =>
    `<CruisePoint><PresetIndex>${preset}</PresetIndex><StayTime>10</StayTime><Speed>7</Speed></CruisePoint>`;
  const track = { name: 'round', sumNum: 2, items: [point(1), point(2)] };
  const position = {
    pan: 123.4,
    tilt: -10,
    zoom: 4,
    horizontalFieldAngle: 55,
    verticalFieldAngle: 31,
    maxViewDistance: 120,
  };
  const card = { id: 1, name: 'sd0', status: 'ok', formatProgress: 0, capacity: 61_035, freeSpace: 1_024 } as const;
  const camera: CatalogItem = {
    id: CAMERA,
    name: 'Gate 1',
    manufacturer: 'ACME',
    model: 'IPC-2',
    owner: 'Owner',
    civilCode: '340200',
    block: '',
    address: 'North road',
    parental: 0,
    parentIdText: DEVICE,
    businessGroupId: '',
    safetyWay: 0,
    registerWay: 1,
    secrecy: 0,
    ipAddress: '192.0.2.51',
    port: 8_000,
    status: 'ON',
    longitude: 118.38,
    latitude: 31.33,
    ptzType: 3,
    resolution: '6/4/2',
    downloadSpeed: '1/2/4',
    streamNumbers: '0/1',
    details: { SecurityLevelCode: 'B', RoomType: '1', DirectionType: '3', MAC: '00-11-22-33-44-55' },
  };
  const cameraXml =
    `<Item><DeviceID>${CAMERA}</DeviceID><Name>Gate 1</Name><Manufacturer>ACME</Manufacturer><Model>IPC-2</Model>` +
    `<Owner>Owner</Owner><CivilCode>340200</CivilCode><Address>North road</Address><Parental>0</Parental><ParentID>${DEVICE}</ParentID>` +
    '<SafetyWay>0</SafetyWay><RegisterWay>1</RegisterWay><Secrecy>0</Secrecy><IPAddress>192.0.2.51</IPAddress><Port>8000</Port>' +
    '<Status>ON</Status><Longitude>118.38</Longitude><Latitude>31.33</Latitude>' +
    '<SecurityLevelCode>B</SecurityLevelCode><Info><PTZType>3</PTZType>' +
    '<Resolution>6/4/2</Resolution><DownloadSpeed>1/2/4</DownloadSpeed><StreamNumberList>0/1</StreamNumberList>' +
    '<RoomType>1</RoomType><DirectionType>3</DirectionType><MAC>00-11-22-33-44-55</MAC></Info></Item>';
  const recording: RecordItem = {
    channelId: CAMERA,
    name: 'Gate 1',
    filePath: '1772294400_1772298000',
    address: 'store 1',
    startMs: Date.UTC(2026, 1, 28, 16),
    endMs: Date.UTC(2026, 1, 28, 17),
    secrecy: 0,
    type: 'time',
    recorderId: 'admin',
    fileSize: 734_003_200,
    recordLocation: DEVICE,
    streamNumber: 1,
  };
  const recordingXml =
    `<Item><DeviceID>${CAMERA}</DeviceID><Name>Gate 1</Name><FilePath>1772294400_1772298000</FilePath><Address>store 1</Address>` +
    '<StartTime>2026-03-01T00:00:00</StartTime><EndTime>2026-03-01T01:00:00</EndTime><Secrecy>0</Secrecy><Type>time</Type>' +
    `<RecorderID>admin</RecorderID><FileSize>734003200</FileSize><RecordLocation>${DEVICE}</RecordLocation><StreamNumber>1</StreamNumber></Item>`;
  const told = {
    channelId: '34020000001340000001',
    priority: 3,
    method: 5,
    type: 2,
    eventType: 1,
    alarmedAt: Date.UTC(2026, 2, 1, 2),
    description: 'motion',
    longitude: 118.38,
    latitude: 31.33,
  };
  const place = {
    id: CAMERA,
    at: Date.UTC(2026, 2, 1, 2),
    longitude: 118.38,
    latitude: 31.33,
    speed: 40,
    direction: 90,
    altitude: 12,
    height: 2,
  };
  const placeXml =
    '<Longitude>118.38</Longitude><Latitude>31.33</Latitude><Speed>40</Speed><Direction>90</Direction><Altitude>12</Altitude><Height>2</Height>';
  const parsePosition = (message: Manscdp) => parsePositionNotify(message, DEVICE);
  const upgraded = { sessionId: SESSION, ok: true, firmware: 'V2.0.1', failedReason: '' };
  const finished = { sessionId: SESSION, fileIds: [`${IPC}022026030110000000001`] };

  const cases: Case[] = [
    {
      name: 'DeviceInfo',
      parts: deviceInfoResponse(101, DEVICE, info),
      xml: `<Response>${head('DeviceInfo', 101, DEVICE)}<DeviceName>lobby nvr</DeviceName><Result>OK</Result><Manufacturer>ACME</Manufacturer><Model>NVR-16</Model><Firmware>V4.1</Firmware><Channel>16</Channel></Response>`,
      parse: parseDeviceInfo,
      value: info,
    },
    {
      name: 'DeviceStatus',
      parts: deviceStatusResponse(102, DEVICE, status),
      xml: `<Response>${head('DeviceStatus', 102, DEVICE)}<Result>OK</Result><Online>ONLINE</Online><Status>OK</Status><Encode>ON</Encode><Record>OFF</Record><DeviceTime>2026-03-01T10:00:00</DeviceTime><Alarmstatus Num="1"><Item><DeviceID>34020000001340000001</DeviceID><DutyStatus>ONDUTY</DutyStatus></Item></Alarmstatus></Response>`,
      parse: parseDeviceStatus,
      value: status,
    },
    {
      name: 'Catalog',
      parts: catalogResponse(201, DEVICE, { sumNum: 16, items: [camera] }),
      xml: `<Response>${head('Catalog', 201, DEVICE)}<SumNum>16</SumNum><DeviceList Num="1">${cameraXml}</DeviceList></Response>`,
      parse: parseCatalogPart,
      value: { sumNum: 16, items: [camera] },
    },
    {
      name: 'Catalog without channels',
      parts: catalogResponse(201, DEVICE, { sumNum: 0, items: [] }),
      xml: `<Response>${head('Catalog', 201, DEVICE)}<SumNum>0</SumNum></Response>`,
      parse: parseCatalogPart,
      value: { sumNum: 0, items: [] },
    },
    {
      name: 'RecordInfo',
      parts: recordInfoResponse(301, CAMERA, { name: 'Gate 1', sumNum: 9, items: [recording] }),
      xml: `<Response>${head('RecordInfo', 301, CAMERA)}<Name>Gate 1</Name><SumNum>9</SumNum><RecordList Num="1">${recordingXml}</RecordList></Response>`,
      parse: parseRecordInfoPart,
      value: { sumNum: 9, items: [recording], unreadable: [] },
    },
    {
      name: 'RecordInfo without recordings',
      parts: recordInfoResponse(301, CAMERA, { name: 'Gate 1', sumNum: 0, items: [] }),
      xml: `<Response>${head('RecordInfo', 301, CAMERA)}<Name>Gate 1</Name><SumNum>0</SumNum></Response>`,
      parse: parseRecordInfoPart,
      value: { sumNum: 0, items: [], unreadable: [] },
    },
    {
      name: 'PresetQuery',
      parts: presetResponse(103, CAMERA, presets),
      xml: `<Response>${head('PresetQuery', 103, CAMERA)}<SumNum>2</SumNum><PresetList Num="2"><Item><PresetID>1</PresetID><PresetName>gate</PresetName></Item><Item><PresetID>2</PresetID><PresetName>yard</PresetName></Item></PresetList></Response>`,
      parse: parsePresetPart,
      value: presets,
    },
    {
      name: 'PresetQuery without presets',
      parts: presetResponse(103, CAMERA, { sumNum: 0, items: [] }),
      xml: `<Response>${head('PresetQuery', 103, CAMERA)}<SumNum>0</SumNum><PresetList Num="0"></PresetList></Response>`,
      parse: parsePresetPart,
      value: { sumNum: 0, items: [] },
    },
    {
      name: 'HomePositionQuery',
      parts: homePositionResponse(104, CAMERA, home),
      xml: `<Response>${head('HomePositionQuery', 104, CAMERA)}<HomePosition><Enabled>1</Enabled><ResetTime>60</ResetTime><PresetIndex>1</PresetIndex></HomePosition></Response>`,
      parse: parseHomePosition,
      value: home,
    },
    {
      name: 'HomePositionQuery without one',
      parts: homePositionResponse(104, CAMERA, undefined),
      xml: `<Response>${head('HomePositionQuery', 104, CAMERA)}</Response>`,
      parse: parseHomePosition,
      value: undefined,
    },
    {
      name: 'CruiseTrackListQuery',
      parts: cruiseTrackListResponse(105, CAMERA, { sumNum: 1, items: [{ number: 0, name: 'round' }] }),
      xml: `<Response>${head('CruiseTrackListQuery', 105, CAMERA)}<SumNum>1</SumNum><CruiseTrackList Num="1"><CruiseTrack><Number>0</Number><Name>round</Name></CruiseTrack></CruiseTrackList></Response>`,
      parse: parseCruiseTrackListPart,
      value: { sumNum: 1, items: [{ number: 0, name: 'round' }] },
    },
    {
      name: 'CruiseTrackQuery',
      parts: cruiseTrackResponse(106, CAMERA, { number: 0, ...track }),
      xml: `<Response>${head('CruiseTrackQuery', 106, CAMERA)}<Number>0</Number><Name>round</Name><SumNum>2</SumNum><CruisePointList Num="2">${pointXml(1)}${pointXml(2)}</CruisePointList></Response>`,
      parse: parseCruiseTrackPart,
      value: track,
    },
    {
      name: 'PTZPosition',
      parts: ptzPositionResponse(107, CAMERA, position),
      xml: `<Response>${head('PTZPosition', 107, CAMERA)}<Pan>123.40</Pan><Tilt>-10.00</Tilt><Zoom>4.00</Zoom><HorizontalFieldAngle>55.0</HorizontalFieldAngle><VerticalFieldAngle>31.0</VerticalFieldAngle><MaxViewDistance>120.0</MaxViewDistance></Response>`,
      parse: parsePtzPosition,
      value: position,
    },
    {
      name: 'SDCardStatus',
      parts: sdCardStatusResponse(108, IPC, { sumNum: 1, items: [card] }),
      xml: `<Response>${head('SDCardStatus', 108, IPC)}<SumNum>1</SumNum><SDCardStatusInfo Num="1"><Item><ID>1</ID><HddName>sd0</HddName><Status>ok</Status><FormatProgress>0</FormatProgress><Capacity>61035</Capacity><FreeSpace>1024</FreeSpace></Item></SDCardStatusInfo></Response>`,
      parse: parseSdCardStatusPart,
      value: { sumNum: 1, items: [card] },
    },
    {
      name: 'Alarm',
      parts: alarmQueryResponse(109, DEVICE, { sumNum: 2, alarm: told }),
      xml: `<Response>${head('Alarm', 109, '34020000001340000001')}<SumNum>2</SumNum><AlarmPriority>3</AlarmPriority><AlarmMethod>5</AlarmMethod><AlarmTime>2026-03-01T10:00:00</AlarmTime><AlarmDescription>motion</AlarmDescription><Longitude>118.38</Longitude><Latitude>31.33</Latitude><Info><AlarmType>2</AlarmType><AlarmTypeParam><EventType>1</EventType></AlarmTypeParam></Info></Response>`,
      parse: parseAlarmQueryPart,
      value: { sumNum: 2, items: [told] },
    },
    {
      name: 'Alarm without alarms',
      parts: alarmQueryResponse(109, DEVICE, { sumNum: 0 }),
      xml: `<Response>${head('Alarm', 109, DEVICE)}<SumNum>0</SumNum></Response>`,
      parse: parseAlarmQueryPart,
      value: { sumNum: 0, items: [] },
    },
    {
      name: 'MobilePosition (2016)',
      parts: positionResponse(110, { form: 'flat', deviceId: CAMERA, position: place }),
      xml: `<Response>${head('MobilePosition', 110, CAMERA)}<Time>2026-03-01T10:00:00</Time>${placeXml}</Response>`,
      parse: parsePosition,
      value: { positions: [place], unusable: 0 },
    },
    {
      name: 'MobilePosition (2022)',
      parts: positionResponse(110, { form: 'list', deviceId: CAMERA, position: place }),
      xml: `<Response>${head('MobilePosition', 110, CAMERA)}<Time>2026-03-01T10:00:00</Time><SumNum>1</SumNum><DeviceList Num="1"><Item><DeviceID>${CAMERA}</DeviceID><CaptureTime>2026-03-01T10:00:00</CaptureTime>${placeXml}</Item></DeviceList></Response>`,
      parse: parsePosition,
      value: { positions: [place], unusable: 0 },
    },
    {
      name: 'DeviceUpgradeResult',
      parts: deviceUpgradeResultNotify(9, IPC, upgraded),
      xml: `<Notify>${head('DeviceUpgradeResult', 9, IPC)}<SessionID>${SESSION}</SessionID><UpgradeResult>OK</UpgradeResult><Firmware>V2.0.1</Firmware></Notify>`,
      parse: parseDeviceUpgradeResult,
      value: upgraded,
    },
    {
      name: 'DeviceUpgradeResult of a failure',
      parts: deviceUpgradeResultNotify(9, IPC, { ...upgraded, ok: false, failedReason: '02' }),
      xml: `<Notify>${head('DeviceUpgradeResult', 9, IPC)}<SessionID>${SESSION}</SessionID><UpgradeResult>ERROR</UpgradeResult><Firmware>V2.0.1</Firmware><UpgradeFailedReason>02</UpgradeFailedReason></Notify>`,
      parse: parseDeviceUpgradeResult,
      value: { ...upgraded, ok: false, failedReason: '02' },
    },
    {
      name: 'UploadSnapShotFinished',
      parts: snapshotFinishedNotify(17, IPC, finished),
      xml: `<Notify>${head('UploadSnapShotFinished', 17, IPC)}<SessionID>${SESSION}</SessionID><SnapShotList><SnapShotFileID>${IPC}022026030110000000001</SnapShotFileID></SnapShotList></Notify>`,
      parse: parseSnapshotFinished,
      value: finished,
    },
  ];
  test.each(cases)('$name', ({ parts, xml, parse, value }) => {
    expect(xmlOf(parts)).toBe(xml);
    expect(parse(read(xml))).toEqual(value);
  });

  test('quirk: alarms in a list, a bare Result', () => {
    const alarm = '<AlarmPriority>1</AlarmPriority><AlarmMethod>2</AlarmMethod>';
    const list = `<AlarmList Num="2"><Item><DeviceID>7</DeviceID>${alarm}</Item><Item>${alarm}</Item></AlarmList>`;
    const answer = (rest: string) => read(`<Response>${head('Alarm', 1, CAMERA)}${rest}</Response>`);
    const { sumNum, items } = parseAlarmQueryPart(answer(`<SumNum>2</SumNum>${list}`));
    expect([sumNum, items.map(({ channelId, priority, method }) => [channelId, priority, method])]).toEqual([
      2,
      [
        ['7', 1, 2],
        [CAMERA, 1, 2],
      ],
    ]);
    expect(parseAlarmQueryPart(answer('<Result>OK</Result>'))).toEqual({ items: [] });
  });

  test('quirk: no SumNum in a preset list (Hikvision)', () => {
    const xml = `<Response>${head('PresetQuery', 1, CAMERA)}<PresetList Num=" 2 "><Item><PresetID>1</PresetID></Item><Item><PresetName>none</PresetName></Item></PresetList></Response>`;
    expect(parsePresetPart(read(xml))).toEqual({ sumNum: 2, items: [{ id: '1', name: '' }] });
  });
});

describe('configuration (GB/T 28181 9.4): the exact XML of each type, written, answered and read', () => {
  const cases: Array<{ type: keyof ConfigValues; value: ConfigValues; xml: string; answered?: string }> = [
    {
      type: 'BasicParam',
      value: {
        BasicParam: { name: 'Gate cam', expirationSec: 3_600, heartBeatIntervalSec: 60, heartBeatCount: 3 },
      },
      xml: '<BasicParam><Name>Gate cam</Name><Expiration>3600</Expiration><HeartBeatInterval>60</HeartBeatInterval><HeartBeatCount>3</HeartBeatCount></BasicParam>',
    },
    {
      type: 'VideoParamOpt',
      value: { VideoParamOpt: { downloadSpeed: ['1', '2', '4'], resolution: ['5', '6'] } },
      xml: '<VideoParamOpt><DownloadSpeed>1/2/4</DownloadSpeed><Resolution>5/6</Resolution></VideoParamOpt>',
    },
    {
      type: 'SVACEncodeConfig',
      value: {
        SVACEncodeConfig: {
          roi: { enabled: true, number: 1, items: [{ seq: 1, topLeft: 3, bottomRight: 9, qp: 1 }] },
          svc: { spaceDomainMode: 1, timeDomainMode: 0 },
          surveillance: { time: true, event: false, alert: true },
          audio: { recognition: true },
        },
      },
      xml: '<SVACEncodeConfig><ROIParam><ROIFlag>1</ROIFlag><ROINumber>1</ROINumber><Item><ROISeq>1</ROISeq><TopLeft>3</TopLeft><BottomRight>9</BottomRight><ROIQP>1</ROIQP></Item></ROIParam><SVCParam><SVCSpaceDomainMode>1</SVCSpaceDomainMode><SVCTimeDomainMode>0</SVCTimeDomainMode></SVCParam><SurveillanceParam><TimeFlag>1</TimeFlag><EventFlag>0</EventFlag><AlertFlag>1</AlertFlag></SurveillanceParam><AudioParam><AudioRecognitionFlag>1</AudioRecognitionFlag></AudioParam></SVACEncodeConfig>',
    },
    {
      type: 'SVACDecodeConfig',
      value: { SVACDecodeConfig: { svc: { stmMode: 1 }, surveillance: { time: true, event: true, alert: false } } },
      xml: '<SVACDecodeConfig><SVCParam><SVCSTMMode>1</SVCSTMMode></SVCParam><SurveillanceParam><TimeShowFlag>1</TimeShowFlag><EventShowFlag>1</EventShowFlag><AlerShowtFlag>0</AlerShowtFlag></SurveillanceParam></SVACDecodeConfig>',
    },
    {
      type: 'VideoParamAttribute',
      value: {
        VideoParamAttribute: [
          { streamNumber: 0, videoFormat: '2', resolution: '5', frameRate: '25', bitRateType: 1, videoBitRate: 2_048 },
        ],
      },
      xml: '<VideoParamAttribute Num="1"><Item><StreamNumber>0</StreamNumber><VideoFormat>2</VideoFormat><Resolution>5</Resolution><FrameRate>25</FrameRate><BitRateType>1</BitRateType><VideoBitRate>2048</VideoBitRate></Item></VideoParamAttribute>',
    },
    {
      type: 'VideoRecordPlan',
      value: {
        VideoRecordPlan: {
          enabled: true,
          scheduleCount: 1,
          schedules: [
            {
              weekDay: 1,
              segmentCount: 1,
              segments: [{ startHour: 8, startMin: 0, startSec: 0, stopHour: 18, stopMin: 30, stopSec: 0 }],
            },
          ],
          streamNumber: 0,
        },
      },
      xml: '<VideoRecordPlan><RecordEnable>1</RecordEnable><RecordScheduleSumNum>1</RecordScheduleSumNum><RecordSchedule><WeekDayNum>1</WeekDayNum><TimeSegmentSumNum>1</TimeSegmentSumNum><TimeSegment><StartHour>8</StartHour><StartMin>0</StartMin><StartSec>0</StartSec><StopHour>18</StopHour><StopMin>30</StopMin><StopSec>0</StopSec></TimeSegment></RecordSchedule><StreamNumber>0</StreamNumber></VideoRecordPlan>',
    },
    {
      type: 'VideoAlarmRecord',
      value: { VideoAlarmRecord: { enabled: true, recordTimeSec: 30, preRecordTimeSec: 5, streamNumber: 0 } },
      xml: '<VideoAlarmRecord><RecordEnable>1</RecordEnable><RecordTime>30</RecordTime><PreRecordTime>5</PreRecordTime><StreamNumber>0</StreamNumber></VideoAlarmRecord>',
    },
    {
      type: 'PictureMask',
      value: { PictureMask: { on: true, regionCount: 1, regions: [{ seq: 1, point: '10,10,200,100' }] } },
      xml: '<PictureMask><On>1</On><SumNum>1</SumNum><RegionList Num="1"><Item><Seq>1</Seq><Point>10,10,200,100</Point></Item></RegionList></PictureMask>',
    },
    { type: 'FrameMirror', value: { FrameMirror: 3 }, xml: '<FrameMirror>3</FrameMirror>' },
    {
      type: 'AlarmReport',
      value: { AlarmReport: { motionDetection: true, fieldDetection: false } },
      xml: '<AlarmReport><MotionDetection>1</MotionDetection><FieldDetection>0</FieldDetection></AlarmReport>',
    },
    {
      type: 'OSDConfig',
      value: {
        OSDConfig: {
          length: 1_280,
          width: 720,
          timeX: 16,
          timeY: 16,
          timeEnabled: true,
          timeType: 0,
          textEnabled: true,
          textCount: 1,
          texts: [{ text: 'gate', x: 16, y: 600 }],
        },
      },
      xml: '<OSDConfig><Length>1280</Length><Width>720</Width><TimeX>16</TimeX><TimeY>16</TimeY><TimeEnable>1</TimeEnable><TimeType>0</TimeType><TextEnable>1</TextEnable><SumNum>1</SumNum><Item><Text>gate</Text><X>16</X><Y>600</Y></Item></OSDConfig>',
    },
    {
      type: 'SnapShotConfig',
      value: {
        SnapShotConfig: { snapNum: 3, intervalSec: 1, uploadUrl: 'http://192.0.2.10:8080/snap', sessionId: SESSION },
      },
      xml: `<SnapShotConfig><SnapNum>3</SnapNum><Interval>1</Interval><UploadURL>http://192.0.2.10:8080/snap</UploadURL><SessionID>${SESSION}</SessionID></SnapShotConfig>`,
      answered: `<SnapShot><SnapNum>3</SnapNum><Interval>1</Interval><UploadURL>http://192.0.2.10:8080/snap</UploadURL><SessionID>${SESSION}</SessionID></SnapShot>`,
    },
  ];

  test('every type is here', () => {
    expect(cases.map(({ type }) => type)).toEqual(CONFIG_TYPES);
  });

  test.each(cases)('$type', ({ value, xml, answered = xml }) => {
    const write = `<Control>${head('DeviceConfig', 501, IPC)}${xml}</Control>`;
    expect(xmlOf(deviceConfig(501, IPC, value))).toBe(write);
    expect(parseDeviceConfig(read(write))).toEqual(value);
    const answer = `<Response>${head('ConfigDownload', 502, IPC)}<Result>OK</Result>${answered}</Response>`;
    expect(xmlOf(configDownloadResponse(502, IPC, value))).toBe(answer);
    expect(parseConfigValues(read(answer))).toEqual(value);
  });

  test('several types in one answer; what only devices tell of BasicParam', () => {
    const answer = `<Response>${head('ConfigDownload', 1, IPC)}<Result>OK</Result><BasicParam><Name>a</Name><PositionCapability>1</PositionCapability><Longitude>118.5</Longitude></BasicParam><FrameMirror>1</FrameMirror></Response>`;
    expect(parseConfigValues(read(answer))).toEqual({
      BasicParam: { name: 'a', positionCapability: 1, longitude: 118.5 },
      FrameMirror: 1,
    });
  });

  test('quirk: the element has another name than the type (Uniview)', () => {
    const answer = `<Response>${head('ConfigDownload', 1, IPC)}<Result>OK</Result><OSDConfigCfg><TimeX>5</TimeX></OSDConfigCfg></Response>`;
    expect(parseConfigValues(read(answer), ['OSDConfig'])).toEqual({ OSDConfig: { timeX: 5 } });
    expect(parseConfigValues(read(answer), ['OSDConfig', 'BasicParam'])).toEqual({});
  });
});
