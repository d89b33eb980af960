import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatMansrtsp,
  formatMansrtspAnswer,
  parseMansrtsp,
  parseMansrtspStatus,
  type MansrtspRequest,
} from './mansrtsp.ts';

describe('MANSRTSP (GB/T 28181 14)', () => {
  const cases: Array<{ name: string; request: MansrtspRequest; text: string }> = [
    {
      name: 'resume, no Scale',
      request: { method: 'PLAY', cseq: 2, range: { from: 'now' } },
      text: 'PLAY RTSP/1.0\r\nCSeq: 2\r\nRange: npt=now-\r\n\r\n',
    },
    {
      name: 'pause',
      request: { method: 'PAUSE', cseq: 3 },
      text: 'PAUSE RTSP/1.0\r\nCSeq: 3\r\nPauseTime: now\r\n\r\n',
    },
    {
      name: 'speed, no Range',
      request: { method: 'PLAY', cseq: 4, scale: 2 },
      text: 'PLAY RTSP/1.0\r\nCSeq: 4\r\nScale: 2.0\r\n\r\n',
    },
    {
      name: 'slow',
      request: { method: 'PLAY', cseq: 4, scale: 0.25 },
      text: 'PLAY RTSP/1.0\r\nCSeq: 4\r\nScale: 0.25\r\n\r\n',
    },
    {
      name: 'seek, no Scale',
      request: { method: 'PLAY', cseq: 5, range: { from: 100 } },
      text: 'PLAY RTSP/1.0\r\nCSeq: 5\r\nRange: npt=100-\r\n\r\n',
    },
    {
      name: 'reverse',
      request: { method: 'PLAY', cseq: 6, scale: -1, range: { from: 600.5, to: 120 } },
      text: 'PLAY RTSP/1.0\r\nCSeq: 6\r\nScale: -1.0\r\nRange: npt=600.5-120\r\n\r\n',
    },
    { name: 'teardown', request: { method: 'TEARDOWN', cseq: 7 }, text: 'TEARDOWN RTSP/1.0\r\nCSeq: 7\r\n\r\n' },
  ];
  test.each(cases)('$name', ({ request, text }) => {
    expect(formatMansrtsp(request)).toBe(text);
    expect(parseMansrtsp(Buffer.from(text))).toEqual(request);
  });

  test.each([
    { name: 'quirk: MANSRTSP/1.0 (2016 J.14)', text: 'PLAY MANSRTSP/1.0\r\nCSeq: 1\r\nScale: 4.000000\r\n', scale: 4 },
    { name: 'quirk: LF only, lower case', text: 'play RTSP/1.0\ncseq:1\nscale: 0.5\n', scale: 0.5 },
    { name: 'Scale 0 is none', text: 'PLAY RTSP/1.0\r\nCSeq: 1\r\nScale: 0\r\n', scale: undefined },
  ])('$name', ({ text, scale }) => {
    expect(parseMansrtsp(Buffer.from(text))).toEqual({
      method: 'PLAY',
      cseq: 1,
      ...(scale !== undefined && { scale }),
    });
  });

  test('an answer tells its status, most have no body', () => {
    expect(parseMansrtspStatus(Buffer.from(formatMansrtspAnswer(4)))).toBe(200);
    expect(parseMansrtspStatus(Buffer.from(formatMansrtspAnswer(4, 501)))).toBe(501);
    expect(parseMansrtspStatus(Buffer.alloc(0))).toBeUndefined();
  });

  test('property: any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const parsed = parseMansrtsp(Buffer.from(bytes));
        expect(parsed === 'mansrtsp_invalid' || parsed.cseq >= 0).toBe(true);
      }),
    );
  });
});
