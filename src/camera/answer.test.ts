import { describe, expect, test } from 'vitest';
import { readOffer } from './answer.ts';

describe('readOffer', () => {
  const offer = (...lines: string[]): Buffer =>
    Buffer.from(`v=0\r\ns=Play\r\nc=IN IP4 192.0.2.1\r\n${lines.join('\r\n')}\r\n`);
  test.each([
    { name: 'UDP', lines: ['m=video 30000 RTP/AVP 96'], transport: 'udp' },
    {
      name: 'TCP, platform passive',
      lines: ['m=video 30000 TCP/RTP/AVP 96', 'a=setup:passive'],
      transport: 'tcp-passive',
    },
    { name: 'TCP, platform active', lines: ['m=video 9 TCP/RTP/AVP 96', 'a=setup:active'], transport: 'tcp-active' },
    { name: 'TCP without setup', lines: ['m=video 30000 TCP/RTP/AVP 96'], transport: 'tcp-passive' },
  ])('$name', ({ lines, transport }) => {
    expect(readOffer(offer(...lines, 'y=0200000001'))).toMatchObject({ transport, ssrc: 200_000_001, payloadType: 96 });
  });

  test.each([
    { lines: [], subStream: 0 },
    { lines: ['a=stream:1'], subStream: 1 },
    { lines: ['a=streamnumber:1'], subStream: 1 },
    { lines: ['a=streamprofile:1'], subStream: 1 },
    { lines: ['a=streamMode:sub'], subStream: 1 },
    { lines: ['a=streamMode:main'], subStream: 0 },
  ])('stream $subStream by $lines', ({ lines, subStream }) => {
    expect(readOffer(offer('m=video 30000 RTP/AVP 96', ...lines))).toMatchObject({ subStream });
  });

  test.each([
    { name: 'no SDP', body: Buffer.from('<xml/>'), status: 400 },
    { name: 'empty', body: Buffer.alloc(0), status: 400 },
    { name: 'only elementary streams', body: offer('m=video 30000 RTP/AVP 98', 'a=rtpmap:98 H264/90000'), status: 488 },
    {
      name: 'playback of no range',
      body: Buffer.from('v=0\r\ns=Playback\r\nc=IN IP4 192.0.2.1\r\nm=video 30000 RTP/AVP 96\r\n'),
      status: 488,
    },
    { name: 'talk', body: offer('m=audio 30000 RTP/AVP 8'), status: 488 },
    { name: 'port 0', body: offer('m=video 0 RTP/AVP 96'), status: 488 },
  ])('refuses $name with $status', ({ body, status }) => {
    expect(readOffer(body)).toBe(status);
  });
});
