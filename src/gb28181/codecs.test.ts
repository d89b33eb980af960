import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.ts';
import { DeadlineWheel } from './deadline-wheel.ts';
import {
  decodePtz,
  encodePtz,
  formatDateHeader,
  formatGbSdp,
  formatGbTime,
  formatMediaFormat,
  formatSsrc,
  formatSubject,
  isUsableId,
  parseGbId,
  parseGbSdp,
  parseGbTime,
  parseMediaFormat,
  parseSsrc,
  parseSubject,
  SsrcAllocator,
  subStreamAttributes,
  subStreamOf,
  type PtzCommand,
} from './index.ts';
import { RateLimit } from './rate-limit.ts';

const VECTORS = JSON.parse(readFileSync(new URL('../../test/fixtures/gb28181/ptz.json', import.meta.url), 'utf8')) as {
  valid: Array<{ hex: string; meaning: string }>;
  invalid: Array<{ hex: string; why: string }>;
};

describe('PTZ bytes', () => {
  const move = { kind: 'move', pan: 0, tilt: 0, zoom: 0, panSpeed: 0, tiltSpeed: 0, zoomSpeed: 0 } as const;
  const lens = { kind: 'lens', focus: 0, iris: 0, focusSpeed: 0, irisSpeed: 0 } as const;
  const expected: Record<string, PtzCommand> = {
    A50F4D1000001021: { ...move, zoom: 1, zoomSpeed: 1 },
    A50F010800FA00B7: { ...move, tilt: 1, tiltSpeed: 250 },
    A50F010400FA00B3: { ...move, tilt: -1, tiltSpeed: 250 },
    A50F0101FA0000B0: { ...move, pan: 1, panSpeed: 250 },
    A50F0102FA0000B1: { ...move, pan: -1, panSpeed: 250 },
    A50F010AFAFA00B3: { ...move, pan: -1, tilt: 1, panSpeed: 250, tiltSpeed: 250 },
    A50F0106FAFA00AF: { ...move, pan: -1, tilt: -1, panSpeed: 250, tiltSpeed: 250 },
    A50F0109FAFA00B2: { ...move, pan: 1, tilt: 1, panSpeed: 250, tiltSpeed: 250 },
    A50F0105FAFA00AE: { ...move, pan: 1, tilt: -1, panSpeed: 250, tiltSpeed: 250 },
    A50F0100000000B5: move,
    A50F01100000A065: { ...move, zoom: 1, zoomSpeed: 10 },
    A50F01200000A075: { ...move, zoom: -1, zoomSpeed: 10 },
    A50F014400FA00F3: { ...lens, iris: 1, irisSpeed: 250 },
    A50F014800FA00F7: { ...lens, iris: -1, irisSpeed: 250 },
    A50F0141FA0000F0: { ...lens, focus: -1, focusSpeed: 250 },
    A50F0142FA0000F1: { ...lens, focus: 1, focusSpeed: 250 },
    A50F01840103003D: { kind: 'cruise', action: 'add', group: 1, value: 3 },
    A50F000800640020: { ...move, tilt: 1, tiltSpeed: 100 },
    A50F0000000000B4: move,
    A50F004100640059: { ...lens, focus: -1, irisSpeed: 100 },
    A50F01081E1E1009: { ...move, tilt: 1, panSpeed: 30, tiltSpeed: 30, zoomSpeed: 1 },
    A50F01021F0000D6: { ...move, pan: -1, panSpeed: 31 },
    A50F0129804050EE: { ...move, pan: 1, tilt: 1, zoom: -1, panSpeed: 128, tiltSpeed: 64, zoomSpeed: 5 },
    A50F0140000000F5: lens,
    A50F01492030004E: { ...lens, iris: -1, focus: -1, focusSpeed: 32, irisSpeed: 48 },
    A50F01810005003B: { kind: 'preset', action: 'set', preset: 5 },
    A50F01820005003C: { kind: 'preset', action: 'call', preset: 5 },
    A50F01830005003D: { kind: 'preset', action: 'delete', preset: 5 },
    A50F018200FF0036: { kind: 'preset', action: 'call', preset: 255 },
    A50F01820105003D: { kind: 'preset', action: 'call', preset: 5 },
    A50F01850103003E: { kind: 'cruise', action: 'delete', group: 1, value: 3 },
    A50F01850100003B: { kind: 'cruise', action: 'delete', group: 1, value: 0 },
    A50F0186012C1078: { kind: 'cruise', action: 'speed', group: 1, value: 300 },
    A50F0187010A0047: { kind: 'cruise', action: 'dwell', group: 1, value: 10 },
    A50F018701FFF02C: { kind: 'cruise', action: 'dwell', group: 1, value: 4_095 },
    A50F01880100003E: { kind: 'cruise', action: 'start', group: 1, value: 0 },
    A50F018902000040: { kind: 'scan', action: 'start', group: 2, value: 0 },
    A50F018902010041: { kind: 'scan', action: 'left_limit', group: 2, value: 0 },
    A50F018902020042: { kind: 'scan', action: 'right_limit', group: 2, value: 0 },
    A50F018A02341085: { kind: 'scan', action: 'speed', group: 2, value: 0x134 },
    A50F018C01000042: { kind: 'auxiliary', on: true, number: 1 },
    A50F018D01000043: { kind: 'auxiliary', on: false, number: 1 },
    A50F018C02000043: { kind: 'auxiliary', on: true, number: 2 },
  };
  /** Senders that fill a byte which the standard leaves 0: read, not written. */
  const READ_ONLY = new Set(['A50F01820105003D']);

  test.each(VECTORS.valid)('$hex: $meaning', ({ hex }) => {
    const command = decodePtz(hex.toLowerCase());
    expect(command).toEqual(expected[hex]);
    const address = Number.parseInt(hex.charAt(13) + hex.slice(4, 6), 16);
    if (typeof command === 'object' && !READ_ONLY.has(hex)) expect(encodePtz(command, address)).toBe(hex);
  });

  test('no vector is without its meaning here', () => {
    expect(Object.keys(expected).toSorted()).toEqual(VECTORS.valid.map(({ hex }) => hex).toSorted());
  });

  test.each(VECTORS.invalid)('refused: $why', ({ hex }) => {
    expect(typeof decodePtz(hex)).toBe('string');
  });

  test.each([
    ['B50F0100000000C5', 'bad_header'],
    ['A51F0100000000C5', 'bad_header'],
    ['A50F0170000000 5', 'not_hexadecimal'],
    ['A50F017000000025', 'unknown_opcode'],
    ['A50F018E00000043', 'unknown_opcode'],
    ['A50F018900090047', 'unknown_opcode'],
  ])('refused: %s as %s', (hex, fault) => {
    expect(decodePtz(hex)).toBe(fault);
  });

  test('both bits of an axis at once stand still', () => {
    expect(decodePtz('A50F013F101010' + '24')).toMatchObject({ pan: 0, tilt: 0, zoom: 0 });
  });

  test('fuzz: 200,000 commands with a right checksum decode to what encodes to the same meaning', () => {
    let seed = 7;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const bytes = Buffer.from([0xa5, 0x0f, 0, 0, 0, 0, 0, 0]);
    for (let round = 0; round < 200_000; round += 1) {
      for (let at = 2; at < 7; at += 1) bytes[at] = random(256);
      bytes[7] = bytes.subarray(0, 7).reduce((sum, byte) => sum + byte, random(50) === 0 ? 1 : 0) & 0xff;
      const command = decodePtz(bytes.toString('hex'));
      if (typeof command === 'string') continue;
      const again = decodePtz(encodePtz(command));
      if (JSON.stringify(again) !== JSON.stringify(command)) throw new RangeError(bytes.toString('hex'));
    }
  });
});

describe('SSRC', () => {
  test.each([
    { text: '0200001001', value: 0x0b_eb_c5_e9 },
    { text: '1200001002', value: 0x47_86_8f_ea },
    { text: ' 200001001 ', value: 200_001_001 },
    { text: '0000000010', value: 10 },
    { text: '4294967295', value: 4_294_967_295 },
    { text: '4294967296', value: undefined },
    { text: '0000000000', value: undefined },
    { text: '', value: undefined },
    { text: '0x10', value: undefined },
    { text: '-1', value: undefined },
    { text: '00000000000000200001001', value: 200_001_001 },
  ])('y=$text is $value', ({ text, value }) => {
    expect(parseSsrc(text)).toBe(value);
  });

  test('digit, domain digits 4-8, four unique digits; text and number agree', () => {
    const allocator = new SsrcAllocator('34020000002000000001', 1_001);
    const live = allocator.reserve('live');
    const history = allocator.reserve('history');
    expect([live.text, live.value, history.text, history.value]).toEqual([
      '0200001001',
      200_001_001,
      '1200001001',
      1_200_001_001,
    ]);
    expect(formatSsrc(live.value)).toBe(live.text);
    expect(parseSsrc(live.text)).toBe(live.value);
  });

  test('10,000 of a kind, then an error that names both numbers; a released one comes back last', () => {
    const allocator = new SsrcAllocator('34020000002000000001', 9_999);
    const leases = Array.from({ length: 10_000 }, () => allocator.reserve('live'));
    expect(new Set(leases.map((lease) => lease.value)).size).toBe(10_000);
    expect(leases[1]?.text).toBe('0200000000');
    expect(() => allocator.reserve('live')).toThrow(/10000 SSRC numbers in use, limit 10000/);
    expect(allocator.reserve('history').text).toMatch(/^1/);
    leases[5]!.release();
    const again = allocator.reserve('live');
    expect(again.text).toBe(leases[5]!.text);
    // A second release must not free it for a third party.
    leases[5]!.release();
    expect(() => allocator.reserve('live')).toThrow();
    leases[7]!.release();
    leases[6]!.release();
    expect(allocator.reserve('live').text).toBe(leases[6]!.text);
  });

  test('never zero, whatever the domain', () => {
    const allocator = new SsrcAllocator('340', 0);
    expect(allocator.reserve('live').value).toBe(1);
    expect(new SsrcAllocator('x').reserve('live').text).toMatch(/^\d{10}$/);
  });
});

describe('times', () => {
  test('written in Beijing time whatever the zone of the machine', () => {
    const at = Date.UTC(2026, 11, 31, 20, 30, 1, 42);
    expect([formatDateHeader(at), formatGbTime(at)]).toEqual(['2027-01-01T04:30:01.042', '2027-01-01T04:30:01']);
  });

  const BASE = Date.UTC(2026, 2, 1, 2, 4, 5);
  test.each([
    { text: '2026-03-01T10:04:05', at: BASE },
    { text: '2026-03-01 10:04:05', at: BASE },
    { text: '2026-3-1T10:4:5', at: BASE },
    { text: '2026-03-01T10:04:05.123', at: BASE + 123 },
    { text: '2026-03-01T10:04:05.1', at: BASE + 100 },
    { text: '2026-03-01T10:04:05+08:00', at: BASE },
    { text: '2026-03-01T02:04:05Z', at: BASE },
    { text: '2026-03-01T05:04:05.000+0300', at: BASE },
    { text: '2026-02-28T21:04:05-05:00', at: BASE },
    { text: ' 2026-03-01T10:04 ', at: BASE - 5_000 },
    { text: '', at: undefined },
    { text: '2026-13-01T10:04:05', at: undefined },
    { text: '2026-03-01T10:99:05', at: undefined },
    { text: 'now', at: undefined },
  ])('quirk: time "$text"', ({ text, at }) => {
    expect(parseGbTime(text)).toBe(at);
  });

  test('blanks in a time that is none take no time', () => {
    const text = `2026-03-01T10:00:00${' '.repeat(100_000)}x`;
    expect(cpuMsOf(() => expect(parseGbTime(text)).toBeUndefined())).toBeLessThan(1000);
  });

  test('what was written is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (at) => {
        expect(parseGbTime(formatDateHeader(at))).toBe(at);
      }),
    );
  });
});

describe('small formats', () => {
  test.each([
    { value: 'v/2/6/25/1/4096a/1/8/1', written: 'v/2/6/25/1/4096a/1/8/1' },
    { value: 'v/2/1920x1080///a///', written: 'v/2/1920x1080///a///' },
    { value: 'v/////a///', written: 'v/////a///' },
    { value: ' v/2/5/25/1/4000 a/// ', written: 'v/2/5/25/1/4000a///' },
    { value: 'v/2/5/25/1/4000/a/1/8/1', written: 'v/2/5/25/1/4000a/1/8/1' },
    { value: '', written: undefined },
    { value: 'v/2', written: undefined },
  ])('quirk: f=$value', ({ value, written }) => {
    const format = parseMediaFormat(value);
    expect(format === undefined ? undefined : formatMediaFormat(format)).toBe(written);
  });

  test.each([
    {
      value: '1:0200001001,2:0',
      subject: { senderId: '1', senderSeq: '0200001001', receiverId: '2', receiverSeq: '0' },
    },
    { value: '1:0-4-0,2:1', subject: { senderId: '1', senderSeq: '0-4-0', receiverId: '2', receiverSeq: '1' } },
  ])('Subject $value', ({ value, subject }) => {
    expect(parseSubject(value)).toEqual(subject);
    expect(formatSubject(subject)).toBe(value);
  });

  test.each(['', ',', ':', '1', '1,2', ' 1 : 2 , 3 : 4 '])('quirk: Subject "%s" does no harm', (value) => {
    expect(Object.values(parseSubject(value)).every((part) => part === part.trim())).toBe(true);
  });

  test.each(['stream', 'streamnumber', 'streamprofile', 'streamMode'] as const)('sub-stream dialect %s', (dialect) => {
    expect([0, 1].map((stream) => subStreamOf(subStreamAttributes(dialect, stream)))).toEqual([0, 1]);
  });

  test('sub-stream of foreign attributes', () => {
    expect(
      [[], [['streamMode', 'MAIN']], [['stream', 'x']], [['streamnumber', '-1']], [['other', '1']]].map((each) =>
        subStreamOf(each as [string, string][]),
      ),
    ).toEqual([0, 0, 0, 0, 0]);
  });

  test('the parts of a 20-digit ID', () => {
    expect(parseGbId('34020000001320000001')).toEqual({
      centreCode: '34020000',
      industry: '00',
      type: 132,
      network: '0',
      serial: '000001',
    });
    expect([parseGbId('340200001320000001'), parseGbId('')]).toEqual([undefined, undefined]);
    expect(['1', 'a'.repeat(32), 'admin', 'x_y-z.1'].every(isUsableId)).toBe(true);
    expect(['', 'a'.repeat(33), 'a b', 'a/b', 'a<b', 'ä'].some(isUsableId)).toBe(false);
  });
});

describe('GB SDP', () => {
  const OFFER = formatGbSdp({
    originId: '34020000001320000001',
    sessionName: 'Playback',
    uri: '34020000001320000001:0',
    address: '127.0.0.1',
    start: 1_772_294_400,
    stop: 1_772_298_000,
    media: 'video',
    port: 30_002,
    transport: 'tcp',
    setup: 'passive',
    payloads: [
      { payloadType: 96, encoding: 'PS' },
      { payloadType: 8, encoding: 'PCMA' },
    ],
    direction: 'recvonly',
    attributes: [
      ['downloadspeed', '4'],
      ['flag', ''],
    ],
    ssrcText: '1200001002',
    format: 'v/////a///',
  });

  test('is read as it was written', () => {
    expect(OFFER.split('\r\n')).toEqual([
      'v=0',
      'o=34020000001320000001 0 0 IN IP4 127.0.0.1',
      's=Playback',
      'u=34020000001320000001:0',
      'c=IN IP4 127.0.0.1',
      't=1772294400 1772298000',
      'm=video 30002 TCP/RTP/AVP 96 8',
      'a=recvonly',
      'a=rtpmap:96 PS/90000',
      'a=rtpmap:8 PCMA/8000',
      'a=setup:passive',
      'a=connection:new',
      'a=downloadspeed:4',
      'a=flag',
      'y=1200001002',
      'f=v/////a///',
      '',
    ]);
    expect(parseGbSdp(Buffer.from(OFFER))).toEqual({
      originId: '34020000001320000001',
      sessionName: 'Playback',
      uri: '34020000001320000001:0',
      address: '127.0.0.1',
      start: 1_772_294_400,
      stop: 1_772_298_000,
      media: 'video',
      port: 30_002,
      transport: 'tcp',
      setup: 'passive',
      payloads: [
        { payloadType: 96, encoding: 'PS' },
        { payloadType: 8, encoding: 'PCMA' },
      ],
      direction: 'recvonly',
      attributes: [
        ['downloadspeed', '4'],
        ['flag', ''],
      ],
      ssrc: 1_200_001_002,
      format: 'v/////a///',
    });
  });

  test('of two media sections the one in use, video first', () => {
    const talk = 'v=0\r\nm=video 0 RTP/AVP 96\r\nm=audio 7000 RTP/AVP 8\r\n';
    expect(parseGbSdp(talk)).toMatchObject({ media: 'audio', port: 7_000 });
    expect(parseGbSdp(talk.replace('video 0', 'video 1'))).toMatchObject({ media: 'video', port: 1 });
  });

  test('fuzz: 200,000 mutated texts give a description or a reason', () => {
    let seed = 0x5d;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const source = Buffer.from(
      'v=0\no=1 0 0 IN IP4 1.2.3.4\nc=IN IP4 1.2.3.4\nm=video 9 TCP/RTP/AVP 96\na=rtpmap:96 PS/90000\na=setup:passive\ny=1\nf=v/',
    );
    const body = Buffer.alloc(source.length);
    for (let round = 0; round < 200_000; round += 1) {
      source.copy(body);
      for (let changes = 1 + random(4); changes > 0; changes -= 1) body[random(body.length)] = random(256);
      const result = parseGbSdp(body);
      if (typeof result === 'string') continue;
      const ports = result.port >= 0 && result.port <= 65_535;
      if (!ports || result.payloads.length > 64 || result.attributes.length > 64)
        throw new RangeError(body.toString('latin1'));
    }
  });
});

test('the rate limit forgets its oldest sources', () => {
  const rate = new RateLimit(1);
  for (let index = 0; index < 30_000; index += 1) rate.take(`s${index}`, index);
  expect(rate.sources).toBe(20_000);
  expect([rate.take('s29999', 30_000), rate.take('s29999', 30_001) > 0]).toEqual([60, true]);
});

test('the deadline wheel looks at an entry only when its second comes', () => {
  let now = 0;
  const due: string[] = [];
  const wheel = new DeadlineWheel<{ name: string; deadlineAt: number; slot?: number | undefined }>(
    () => now,
    (entry) => due.push(entry.name),
  );
  const entries = ['a', 'b', 'c'].map((name, index) => ({ name, deadlineAt: 5_000 + index }));
  for (const entry of entries) wheel.schedule(entry);
  entries[0]!.deadlineAt = 60_000;
  wheel.remove(entries[1]!);
  wheel.remove(entries[1]!);
  now = 6_000;
  wheel.tick();
  expect(due).toEqual(['c']);
  // Back to an earlier time.
  entries[0]!.deadlineAt = 9_000;
  wheel.schedule(entries[0]!);
  // A jump of the clock by a day.
  now = 86_400_000;
  wheel.tick();
  expect(due).toEqual(['c', 'a']);
  wheel.close();
});
