import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { GatewayError } from '../util/index.ts';
import { formatSession } from './answer.ts';
import { parsePlayerOffer } from './player-offer.ts';
import { publishSections } from './publish-answer.ts';
import { parsePublishOffer } from './publish-offer.ts';
import { cameraCodecs, publishedCodecs, routerKey } from './router-cache.ts';

const FIXTURES = new URL('../../test/fixtures/sdp/', import.meta.url);
const TRANSPORT = {
  usernameFragment: 'gatewayufrag',
  password: 'gatewaypassword',
  fingerprint: { algorithm: 'sha-256', value: 'AA:BB' },
  candidates: ['udp0 1 udp 2130706431 192.0.2.1 8000 typ host'],
};
const MID = 'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid';
const RID = 'a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id';

const SESSION = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1'];
const SECTION = [
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  'a=fingerprint:sha-256 AA:BB:CC',
  'a=setup:actpass',
  'a=rtcp-mux',
  'a=rtcp-rsize',
];
const VP8 = [
  'a=rtpmap:96 VP8/90000',
  'a=rtcp-fb:96 goog-remb',
  'a=rtcp-fb:96 transport-cc',
  'a=rtcp-fb:96 ccm fir',
  'a=rtcp-fb:96 nack',
  'a=rtcp-fb:96 nack pli',
  'a=rtcp-fb:96 x-unknown',
  'a=rtpmap:97 rtx/90000',
  'a=fmtp:97 apt=96',
];
const SSRCS = ['a=ssrc-group:FID 1000 1001', 'a=ssrc:1000 cname:c', 'a=ssrc:1001 cname:c'];

function video(lines: readonly string[], options: { formats?: string; direction?: string } = {}): string[] {
  const { formats = '96 97', direction = 'sendonly' } = options;
  return [`m=video 9 UDP/TLS/RTP/SAVPF ${formats}`, ...SECTION, 'a=mid:1', `a=${direction}`, ...lines];
}

const AUDIO = [
  'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8',
  ...SECTION,
  'a=mid:0',
  MID,
  'a=sendonly',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtcp-fb:111 transport-cc',
];

const withSsrc = (ssrc: number): string[] => [...AUDIO, `a=ssrc:${ssrc} cname:c`];

const text = (...sections: ReadonlyArray<readonly string[]>): string =>
  `${[SESSION, ...sections].flat().join('\r\n')}\r\n`;

/** Lines of the session and of each section. */
const sectionsOf = (sdp: string): string[][] =>
  sdp
    .trim()
    .split(/\r\n(?=m=)/)
    .map((section) => section.split('\r\n'));

function answerTo(offer: string, maxBitrateBps?: number): string[][] {
  const parsed = parsePublishOffer(offer);
  const accepted = publishSections(parsed, maxBitrateBps);
  return sectionsOf(formatSession({ sessionId: 1, offer: parsed, transport: TRANSPORT, accepted }));
}

describe("a publisher's offer", () => {
  test('Chromium: Opus and VP8 with retransmission, by SSRC', () => {
    const { tracks } = parsePublishOffer(text(AUDIO, video([MID, ...VP8, ...SSRCS])));
    expect(tracks).toMatchObject([
      { kind: 'audio', section: 0, mid: '0', format: { codec: 'opus', payloadType: 111 }, encodings: [{}] },
      {
        kind: 'video',
        section: 1,
        mid: '1',
        format: { codec: 'vp8', payloadType: 96, rtx: 97 },
        extensions: [{ id: 4, uri: 'urn:ietf:params:rtp-hdrext:sdes:mid' }],
        encodings: [{ ssrc: 1000, rtxSsrc: 1001 }],
      },
    ]);
  });

  test.each([
    ['the first format that can be carried', '100 98 96', ['a=rtpmap:100 H265/90000', 'a=rtpmap:98 VP9/90000'], 'vp9'],
    ['VP9 of profile 2 is passed over', '98 96', ['a=rtpmap:98 VP9/90000', 'a=fmtp:98 profile-id=2'], 'vp8'],
    ['H.264 without FU-A is passed over', '98 96', ['a=rtpmap:98 H264/90000', 'a=fmtp:98 packetization-mode=0'], 'vp8'],
    ['H.264', '98 96', ['a=rtpmap:98 H264/90000', 'a=fmtp:98 packetization-mode=1;profile-level-id=42e01f'], 'h264'],
    ['AV1', '45 96', ['a=rtpmap:45 AV1/90000'], 'av1'],
  ])('%s', (_name, formats, lines, codec) => {
    const { tracks } = parsePublishOffer(text(video([MID, ...lines, ...VP8], { formats })));
    expect(tracks[0]?.format.codec).toBe(codec);
  });

  test('a native client: static G.711 without rtpmap, no header extension, one SSRC', () => {
    const audio = ['m=audio 9 UDP/TLS/RTP/SAVPF 8', ...SECTION, 'a=mid:0', 'a=sendrecv', 'a=ssrc:77 cname:gst'];
    expect(parsePublishOffer(text(audio)).tracks).toMatchObject([
      { format: { codec: 'pcma', payloadType: 8 }, encodings: [{ ssrc: 77 }] },
    ]);
  });

  test('simulcast by RID', () => {
    const lines = [MID, RID, ...VP8, 'a=rid:q send', 'a=rid:f send', 'a=simulcast:send q;f'];
    expect(parsePublishOffer(text(video(lines))).tracks[0]?.encodings).toEqual([{ rid: 'q' }, { rid: 'f' }]);
    const [, answer] = answerTo(text(video(lines)));
    expect(answer).toEqual(expect.arrayContaining(['a=rid:q recv', 'a=rid:f recv', 'a=simulcast:recv q;f']));
  });

  test.each([
    ['nothing', '', 'does not start with v=0'],
    ['only receives', text(video([MID, ...VP8], { direction: 'recvonly' })), 'a publisher has to offer sendonly'],
    ['only data', text(['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:0']), 'no m=video and no m=audio'],
    ['H.265 only', text(video([MID, 'a=rtpmap:96 H265/90000'], { formats: '96' })), 'only H265'],
    ['nothing to know the track by', text(video(VP8)), 'neither a=ssrc nor the mid header extension'],
    [
      '200 sections',
      text(...Array.from({ length: 200 }, () => ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'a=sendonly'])),
      'the limit is 32',
    ],
    [
      'seven layers',
      text(video([MID, RID, ...VP8, ...Array.from({ length: 7 }, (_, i) => `a=rid:r${i} send`)])),
      'the limit is 6',
    ],
    ['one SSRC for both', text(withSsrc(1000), video([MID, ...VP8, ...SSRCS])), 'SSRC 1000 stands for two sources'],
    [
      'an SSRC that repairs itself',
      text(video([MID, ...VP8, 'a=ssrc-group:FID 7 7', 'a=ssrc:7 cname:c'])),
      'SSRC 7 stands for two sources',
    ],
    [
      'one mid for both',
      text(AUDIO, video([MID, ...VP8])).replace('a=mid:1', 'a=mid:0'),
      'a=mid:0 stands in two sections',
    ],
    [
      'one payload type for both',
      text(AUDIO, video([MID, ...VP8])).replaceAll('111', '96'),
      'payload type 96 stands in two sections',
    ],
  ])('refused: %s', (_name, offer, message) => {
    expect(() => parsePublishOffer(offer)).toThrow(message);
  });

  // Seconds alone; many times that where all cores are taken.
  test('100,000 mutated offers end in a bounded result or an error with a code', { timeout: 120_000 }, () => {
    const seeds = [
      text(AUDIO, video([MID, ...VP8, ...SSRCS])),
      text(video([MID, RID, ...VP8, 'a=rid:q send', 'a=rid:f send', 'a=simulcast:send q;f'])),
    ];
    let state = 4711;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % below;
    };
    // One line at a time is cut, doubled or spoilt: whole offers are slow to parse.
    for (let i = 0; i < 100_000; i += 1) {
      const lines = (seeds[i % seeds.length] ?? '').split('\r\n');
      for (let changes = 1 + random(3); changes > 0; changes -= 1) {
        const at = random(lines.length);
        const line = lines[at] ?? '';
        const cut = random(line.length + 1);
        const spoilt = [
          line.slice(0, cut),
          line + line,
          line.slice(0, cut) + String.fromCodePoint(random(300)) + line.slice(cut),
        ];
        lines[at] = spoilt[random(spoilt.length)] ?? '';
      }
      try {
        const { tracks } = parsePublishOffer(lines.join('\r\n'));
        expect(tracks.length).toBeLessThanOrEqual(2);
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
      }
    }
  });
});

const fixture = (name: string): string => readFileSync(new URL(name, FIXTURES), 'utf8');
/** Of Chromium and Safari what they receive, sent instead. */
const PUBLISHERS = [
  { name: 'Firefox', offer: fixture('publishers/firefox-153.sdp'), codecs: ['opus', 'vp8'] },
  { name: 'GStreamer', offer: fixture('publishers/gstreamer-1.22-h264.sdp'), codecs: ['h264', 'opus'] },
  { name: 'Chromium', offer: fixture('chromium-156.sdp').replaceAll('recvonly', 'sendonly'), codecs: ['opus', 'vp8'] },
  { name: 'Safari', offer: fixture('safari.sdp').replaceAll('recvonly', 'sendonly'), codecs: ['h264', 'opus'] },
];

describe('the answer to a publisher', () => {
  test.each(PUBLISHERS)('$name: its sections in its order, and of media nothing that it did not offer', (publisher) => {
    const { offer, codecs } = publisher;
    expect(parsePublishOffer(offer).tracks.map(({ format }) => format.codec)).toEqual(codecs);
    const [, ...offered] = sectionsOf(offer);
    const [, ...answered] = answerTo(offer);
    const frame = ([media = '', ...lines]: readonly string[]): unknown[] => [
      media.split(' ')[0],
      lines.filter((line) => line.startsWith('a=mid:')),
    ];
    expect(answered.map(frame)).toEqual(offered.map(frame));
    for (const [index, lines] of answered.entries()) {
      // Encoding names know no case (RFC 8866 §6.6).
      const known = new Set(offered[index]?.map((line) => line.toLowerCase()));
      const media = lines.filter((line) => /^a=(?:rtpmap|fmtp|rtcp-fb|extmap|rtcp-mux|rtcp-rsize)/.test(line));
      expect(media.filter((line) => !known.has(line.toLowerCase()))).toEqual([]);
      expect(lines).toContain('a=recvonly');
    }
  });

  test('follows the order, mids, extensions and feedback of the offer', () => {
    const [session, audio, second] = answerTo(text(AUDIO, video([MID, ...VP8, ...SSRCS])));
    expect(session).toContain('a=group:BUNDLE 0 1');
    expect(audio?.[0]).toBe('m=audio 9 UDP/TLS/RTP/SAVPF 111');
    expect(audio).toEqual(
      expect.arrayContaining(['a=mid:0', 'a=recvonly', MID, 'a=rtpmap:111 opus/48000/2', 'a=rtcp-fb:111 transport-cc']),
    );
    expect(second?.[0]).toBe('m=video 9 UDP/TLS/RTP/SAVPF 96 97');
    expect(second?.filter((line) => line.startsWith('a=rtcp-fb'))).toEqual(VP8.slice(1, 6));
    expect(second).toEqual(expect.arrayContaining(['a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=setup:passive']));
    expect(second?.some((line) => line.startsWith('b='))).toBe(false);
  });

  test('max_bitrate stands behind c= of the video, as AS and TIAS', () => {
    const [, audio, second] = answerTo(text(AUDIO, video([MID, ...VP8])), 1_000_000);
    expect(second?.slice(1, 4)).toEqual(['c=IN IP4 0.0.0.0', 'b=AS:1000', 'b=TIAS:1000000']);
    expect(audio?.some((line) => line.startsWith('b='))).toBe(false);
  });
});

describe("a player's offer for a publication", () => {
  const published = parsePublishOffer(text(AUDIO, video([MID, ...VP8, ...SSRCS]))).tracks;
  const chromium = readFileSync(new URL('chromium-156.sdp', FIXTURES), 'utf8');

  test("gets the player's own payload types", () => {
    const { tracks } = parsePlayerOffer(chromium, published);
    expect(tracks.map(({ format }) => format.codec).toSorted()).toEqual(['opus', 'vp8']);
    for (const { format } of tracks) expect(chromium).toMatch(new RegExp(`a=rtpmap:${format.payloadType} (VP8|opus)/`));
  });

  test('is refused where it lacks the codec', () => {
    const only = text(video([MID, 'a=rtpmap:96 H264/90000'], { formats: '96', direction: 'recvonly' }));
    expect(() => parsePlayerOffer(only, published)).toThrow("the publication's video is vp8");
    expect(() => parsePlayerOffer(text(AUDIO), published)).toThrow('no such section that receives');
  });

  test.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.sdp')))('%s: parsed, or refused by name', (name) => {
    const offer = readFileSync(new URL(name, FIXTURES), 'utf8');
    try {
      expect(parsePlayerOffer(offer, published).tracks.length).toBeGreaterThan(0);
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
    }
  });

  test('routers differ by codec and payload type, and audio comes first', () => {
    const formats = published.map(({ format }) => format);
    expect(routerKey(publishedCodecs(formats.toReversed()))).toBe('audio/opus=111 video/VP8=96');
    expect(routerKey(cameraCodecs(102))).toBe('video/H264=102 audio/PCMA= audio/PCMU=');
  });
});
