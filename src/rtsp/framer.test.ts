import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { MAX_BODY_BYTES, MAX_HEAD_BYTES, RtspFramer, type FramerFailure } from './framer.ts';
import { formatResponse, type RtspRequest } from './message.ts';

type Item = RtspRequest | { channel: number; packet: string };

/** What one framer tells of chunks, packets as hex. */
function frame(...chunks: (string | Buffer)[]): { items: Item[]; failure: FramerFailure | undefined; left: number } {
  const framer = new RtspFramer();
  const items: Item[] = [];
  let failure: FramerFailure | undefined;
  for (const chunk of chunks) {
    failure = framer.push(Buffer.from(chunk as string, 'latin1'), (item) => {
      if (item.kind === 'request') items.push(item.request);
      else items.push({ channel: item.channel, packet: item.packet.toString('hex') });
    });
  }
  return { items, failure, left: framer.pendingBytes };
}

const OPTIONS = 'OPTIONS rtsp://h/live/a RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: x\r\n\r\n';
const SET = 'SET_PARAMETER rtsp://h/live/a RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\na: b';
const PACKET = Buffer.from('2401000380c900', 'hex');

describe('requests and packets', () => {
  test('a request', () => {
    expect(frame(OPTIONS)).toEqual({
      items: [
        {
          method: 'OPTIONS',
          uri: 'rtsp://h/live/a',
          headers: new Map([
            ['cseq', '1'],
            ['user-agent', 'x'],
          ]),
          body: Buffer.alloc(0),
        },
      ],
      failure: undefined,
      left: 0,
    });
  });

  test('requests and packets in one chunk, and byte by byte', () => {
    const bytes = Buffer.concat([Buffer.from(OPTIONS), PACKET, Buffer.from(`\r\n${SET}`), PACKET]);
    const whole = frame(bytes);
    expect(whole.items).toHaveLength(4);
    expect(whole.items[1]).toEqual({ channel: 1, packet: '80c900' });
    expect(whole.items[2]).toMatchObject({ method: 'SET_PARAMETER', body: Buffer.from('a: b') });
    expect(frame(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole);
  });

  test.each([
    ['lines ended by LF alone', 'OPTIONS * RTSP/1.0\nCSeq: 1\n\n', { cseq: '1' }],
    ['repeated headers are joined', 'OPTIONS * RTSP/1.0\r\nAccept: a\r\nACCEPT: b\r\n\r\n', { accept: 'a, b' }],
    ['folded lines', 'OPTIONS * RTSP/1.0\r\nAccept: a\r\n b\r\n\r\n', { accept: 'a b' }],
    ['an empty value', 'OPTIONS * RTSP/1.0\r\nX:\r\n\r\n', { x: '' }],
  ])('%s', (_name, text, headers) => {
    const [item] = frame(text).items;
    expect(Object.fromEntries((item as RtspRequest).headers)).toEqual(headers);
  });
});

describe('what cannot be read ends the connection', () => {
  test.each([
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', 'bad_request_line'],
    ['RTSP 2.0', 'OPTIONS * RTSP/2.0\r\n\r\n', 'bad_version'],
    ['no colon', 'OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n', 'bad_header'],
    ['a fold without a header', 'OPTIONS * RTSP/1.0\r\n x\r\n\r\n', 'bad_header'],
    ['a negative length', 'OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n', 'bad_length'],
    ['two lengths', 'OPTIONS * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n', 'bad_length'],
    ['a long body', `OPTIONS * RTSP/1.0\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, 'body_too_long'],
    ['too many headers', `OPTIONS * RTSP/1.0\r\n${'A: b\r\n'.repeat(100)}\r\n`, 'too_many_headers'],
    ['a long head', `OPTIONS * RTSP/1.0\r\nA: ${'x'.repeat(MAX_HEAD_BYTES)}\r\n\r\n`, 'head_too_long'],
    ['a head without an end', 'x'.repeat(MAX_HEAD_BYTES + 1), 'head_too_long'],
  ])('%s', (_name, text, failure) => {
    expect(frame(text, OPTIONS)).toEqual({ items: [], failure, left: 0 });
  });
});

describe('whatever comes', () => {
  test('the cuts make no difference', () => {
    const bytes = Buffer.concat([Buffer.from(OPTIONS), PACKET, Buffer.from(SET)]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(frame(...chunks)).toEqual(frame(bytes));
      }),
    );
  });

  test('200,000 changed requests: no throw, bounded memory', () => {
    const random = seededRandom(8554);
    const seeds = [OPTIONS, SET, `${PACKET.toString('latin1')}${OPTIONS}`];
    let [requests, failures] = [0, 0];
    for (let count = 0; count < 200_000; count += 1) {
      const framer = new RtspFramer();
      const chunk = Buffer.from(mutateText(seeds[count % seeds.length] ?? '', random), 'latin1');
      const failure = framer.push(chunk, (item) => {
        if (item.kind === 'request') requests += 1;
      });
      if (failure !== undefined) failures += 1;
      if (framer.pendingBytes > chunk.length) throw new Error('grew');
    }
    expect(requests).toBeGreaterThan(10_000);
    expect(failures).toBeGreaterThan(10_000);
  });
});

test('a response', () => {
  expect(formatResponse({ status: 200, headers: { Session: 'abc', X: undefined }, body: 'v=0\r\n' }, '7')).toBe(
    'RTSP/1.0 200 OK\r\nCSeq: 7\r\nServer: gbrtc\r\nSession: abc\r\nContent-Length: 5\r\n\r\nv=0\r\n',
  );
  expect(formatResponse({ status: 401, headers: { 'WWW-Authenticate': ['a', 'b'] } }, undefined)).toBe(
    'RTSP/1.0 401 Unauthorized\r\nServer: gbrtc\r\nWWW-Authenticate: a\r\nWWW-Authenticate: b\r\n\r\n',
  );
});
