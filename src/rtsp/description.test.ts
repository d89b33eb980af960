import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { H264_PCMA } from '../../test/support/rtsp-server.ts';
import { parseDescription, type Description } from './description.ts';

const sdp = (...lines: string[]): string => `v=0\r\ns=-\r\n${lines.join('\r\n')}\r\n`;

const cases: { name: string; text: string; description: Description }[] = [
  {
    name: 'our own',
    text: H264_PCMA,
    description: {
      control: '*',
      tracks: [
        {
          offer: {
            kind: 'video',
            encoding: 'H264',
            clockRate: 90_000,
            payloadType: 96,
            parameters: 'packetization-mode=1; profile-level-id=42C028; sprop-parameter-sets=Z0LAKA==,aMuD',
          },
          control: 'trackID=0',
        },
        { offer: { kind: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8 }, control: 'trackID=1' },
      ],
      omitted: [],
    },
  },
  {
    name: 'VP8 and Opus',
    text: sdp('m=video 0 RTP/AVPF 97', 'a=rtpmap:97 vp8/90000', 'm=audio 0 RTP/AVP 111', 'a=rtpmap:111 opus/48000/2'),
    description: {
      tracks: [
        { offer: { kind: 'video', encoding: 'VP8', clockRate: 90_000, payloadType: 97 } },
        { offer: { kind: 'audio', encoding: 'OPUS', clockRate: 48_000, channels: 2, payloadType: 111 } },
      ],
      omitted: [],
    },
  },
  {
    name: 'the second payload type, where the first cannot be carried',
    text: sdp('m=audio 0 RTP/AVP 97 0', 'a=rtpmap:97 MPEG4-GENERIC/16000', 'a=fmtp:97 mode=AAC-hbr'),
    description: {
      tracks: [{ offer: { kind: 'audio', encoding: 'PCMU', clockRate: 8000, payloadType: 0 } }],
      omitted: [],
    },
  },
  {
    name: 'quirk: what cameras have besides (Hikvision, ONVIF): metadata, a second video, AAC',
    text: sdp(
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'm=audio 0 RTP/AVP 104',
      'a=rtpmap:104 mpeg4-generic/16000/1',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'm=application 0 RTP/AVP 107',
      'a=rtpmap:107 vnd.onvif.metadata/90000',
    ),
    description: {
      tracks: [{ offer: { kind: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96 } }],
      omitted: ['mpeg4-generic audio', 'second H264 video', 'vnd.onvif.metadata application'],
    },
  },
  {
    name: 'H.265, SRTP, another clock rate, audio codec as video',
    text: sdp(
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H265/90000',
      'm=video 0 RTP/SAVP 97',
      'a=rtpmap:97 H264/90000',
      'm=audio 0 RTP/AVP 98',
      'a=rtpmap:98 PCMA/16000',
      'm=video 0 RTP/AVP 8',
      'm=audio 0 RTP/AVP 14',
    ),
    description: {
      tracks: [],
      omitted: ['H265 video', 'H264 video', 'PCMA audio', '8 video', '14 audio'],
    },
  },
];

describe('a description', () => {
  test.each(cases)('$name', ({ text, description }) => {
    expect(parseDescription(text)).toEqual(description);
  });

  test.each([
    ['', 'empty'],
    ['<html>', 'not_sdp'],
    ['m=video', 'bad_media'],
  ])('%j is none', (text, fault) => {
    expect(parseDescription(text)).toBe(fault);
  });

  test('100,000 changed descriptions: no throw, at most one track of a kind', () => {
    const random = seededRandom(20_261_121);
    let readable = 0;
    for (let count = 0; count < 100_000; count += 1) {
      const description = parseDescription(mutateText(H264_PCMA, random));
      if (typeof description === 'string') continue;
      readable += 1;
      const kinds = description.tracks.map(({ offer }) => offer.kind);
      if (new Set(kinds).size !== kinds.length || description.omitted.length > 16) expect(description).toBe('bounded');
    }
    expect(readable).toBeGreaterThan(50_000);
  });
});
