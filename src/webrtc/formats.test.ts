import { parse } from 'sdp-transform';
import { expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.ts';
import { parseFormats } from './formats.ts';

const FMTP = 'packetization-mode=1;profile-level-id=42e01f';

test('a section of 64 KiB that repeats its formats takes no time', () => {
  const retransmissions = Array.from(
    { length: 850 },
    (_, index) => `a=rtpmap:${1000 + index} rtx/90000\r\na=fmtp:${1000 + index} apt=${index === 849 ? 96 : 1}\r\n`,
  );
  const head = `v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF${' 96'.repeat(7_000)} 1849\r\n`;
  const text = `${head}a=rtpmap:96 H264/90000\r\na=fmtp:96 ${FMTP}\r\n${retransmissions.join('')}`;
  expect(text.length).toBeLessThanOrEqual(65_536);
  const [media] = parse(text).media;
  let formats: ReturnType<typeof parseFormats> = [];
  expect(cpuMsOf(() => void (formats = parseFormats(media!)))).toBeLessThan(500);
  expect(formats).toMatchObject([{ codec: 'h264', payloadType: 96, rtx: 1849 }]);
});
