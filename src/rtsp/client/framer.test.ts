import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';
import { packetOn } from '../../../test/support/rtsp-fakes.ts';
import { H264_PCMA } from '../../../test/support/rtsp-server.ts';
import { remapFrames } from './channels.ts';
import { ClientFramer, MAX_BODY_BYTES, MAX_HEAD_BYTES, type ClientFramerFailure, type ClientItem } from './framer.ts';

/** What one framer tells of chunks; frames as hex, runs joined. */
function frame(...chunks: Buffer[]): { items: unknown[]; failure: ClientFramerFailure | undefined; left: number } {
  const framer = new ClientFramer();
  const items: unknown[] = [];
  let failure: ClientFramerFailure | undefined;
  const tell = (item: ClientItem): void => {
    if (item.kind !== 'frames') return void items.push(item);
    const hex = item.frames.toString('hex');
    const last = items.at(-1);
    if (typeof last === 'string') items[items.length - 1] = last + hex;
    else items.push(hex);
    return undefined;
  };
  for (const chunk of chunks) failure = framer.push(chunk, tell);
  return { items, failure, left: framer.pendingBytes };
}

const OK = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n';
const DESCRIBED = `RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: ${H264_PCMA.length}\r\n\r\n${H264_PCMA}`;
const ASKED = 'OPTIONS rtsp://h/a RTSP/1.0\r\nCSeq: 1\r\n\r\n';

describe('what a server sends', () => {
  test.each([
    [
      'an answer',
      OK,
      {
        status: 200,
        reason: 'OK',
        headers: new Map([
          ['cseq', '1'],
          ['public', 'OPTIONS, DESCRIBE'],
        ]),
      },
    ],
    ['without a reason', 'RTSP/1.0 454\r\n\r\n', { status: 454, reason: '' }],
    ['lines ended by LF', 'rtsp/1.0 200 OK\nCSeq: 1\n\n', { status: 200, headers: new Map([['cseq', '1']]) }],
    [
      'a line that is no header',
      'RTSP/1.0 200 OK\r\nnonsense\r\nCSeq: 1\r\n\r\n',
      { headers: new Map([['cseq', '1']]) },
    ],
    ['a body', DESCRIBED, { body: Buffer.from(H264_PCMA) }],
    ['a question', ASKED, { kind: 'request', method: 'OPTIONS', headers: new Map([['cseq', '1']]) }],
  ])('%s', (_name, text, item) => {
    const seen = frame(Buffer.from(text));
    expect(seen).toMatchObject({ failure: undefined, left: 0 });
    expect(seen.items).toEqual([expect.objectContaining(item)]);
  });

  test('runs of frames are told at once, also around answers, and byte by byte', () => {
    const run = Buffer.concat([
      packetOn(0, Buffer.alloc(3, 1)),
      packetOn(1, Buffer.alloc(0)),
      packetOn(2, Buffer.alloc(9)),
    ]);
    const bytes = Buffer.concat([run, Buffer.from(`\r\n${DESCRIBED}`), run, Buffer.from(ASKED), run]);
    const whole = frame(bytes);
    expect(whole.items.map((item) => typeof item)).toEqual(['string', 'object', 'string', 'object', 'string']);
    expect(whole.items[0]).toBe(run.toString('hex'));
    expect(frame(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole);
  });

  test.each([
    ['HTTP', 'HTTP/1.1 200 OK\r\n\r\n', 'bad_request_line'],
    ['RTSP 2.0', 'RTSP/2.0 200 OK\r\n\r\n', 'bad_version'],
    ['no status', 'RTSP/1.0 OK\r\n\r\n', 'bad_status_line'],
    ['a status of four digits', 'RTSP/1.0 2000 OK\r\n\r\n', 'bad_status_line'],
    ['a negative length', 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n', 'bad_length'],
    ['a long head', `RTSP/1.0 200 OK\r\n${'a'.repeat(MAX_HEAD_BYTES)}`, 'head_too_long'],
    ['a long body', `RTSP/1.0 200 OK\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`, 'body_too_long'],
    ['many headers', `RTSP/1.0 200 OK\r\n${'A: b\r\n'.repeat(65)}\r\n`, 'too_many_headers'],
  ])('%s', (_name, text, failure) => {
    expect(frame(Buffer.from(text), Buffer.from(OK))).toEqual({ items: [], failure, left: 0 });
  });
});

describe('whatever comes', () => {
  test('any bytes in any pieces: no throw, bounded memory', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(OK, DESCRIBED, ASKED, '$', '\r\n').map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { left } = frame(...pieces);
        expect(left).toBeLessThanOrEqual(MAX_HEAD_BYTES + MAX_BODY_BYTES + 4);
      }),
    );
  });

  test('200,000 changed answers in pieces: no throw, bounded memory', () => {
    const random = seededRandom(2326);
    const texts = [OK, DESCRIBED, `${OK}$\u0000\u0000\u0003abc${DESCRIBED}`, ASKED];
    let answers = 0;
    for (let count = 0; count < 200_000; count += 1) {
      const framer = new ClientFramer();
      const bytes = Buffer.from(mutateText(texts[count % texts.length] ?? '', random), 'latin1');
      const cut = Math.floor(random() * bytes.length);
      const tell = (item: ClientItem): void => {
        if (item.kind === 'response') answers += 1;
      };
      framer.push(bytes.subarray(0, cut), tell);
      framer.push(bytes.subarray(cut), tell);
      if (framer.pendingBytes > MAX_HEAD_BYTES + MAX_BODY_BYTES) expect(framer.pendingBytes).toBe('bounded');
    }
    expect(answers).toBeGreaterThan(50_000);
  });
});

describe('channels', () => {
  const map = new Map([
    [4, 0],
    [5, 1],
  ]);

  test('are changed, unknown ones left out, in memory of its own', () => {
    const frames = Buffer.concat([
      packetOn(4, Buffer.from('a')),
      packetOn(9, Buffer.from('b')),
      packetOn(5, Buffer.from('c')),
    ]);
    const mapped = remapFrames(frames, map);
    expect(mapped).toEqual(
      new Uint8Array(Buffer.concat([packetOn(0, Buffer.from('a')), packetOn(1, Buffer.from('c'))])),
    );
    expect(mapped?.buffer.byteLength).toBe(mapped?.byteLength);
    expect(frames[1]).toBe(4);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['only unknown ones', packetOn(9, Buffer.from('b'))],
    ['a frame that is cut off', packetOn(4, Buffer.from('abc')).subarray(0, 5)],
  ])('%s', (_name, frames) => {
    expect(remapFrames(frames, map)).toBeUndefined();
  });
});
