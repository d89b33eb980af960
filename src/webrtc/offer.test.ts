import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../test/support/mutate.ts';
import { SdpError } from './errors.ts';
import { parseOffer, type ViewerOffer } from './offer.ts';

const FOLDER = new URL('../../test/fixtures/sdp/', import.meta.url);

function fixture(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

const CHROMIUM = fixture('chromium-156.sdp');
const SMALL = fixture('libdatachannel.sdp');

describe('offers of players', () => {
  const cases: Array<{
    name: string;
    h264: Array<[number, string]>;
    audio: string;
    fullBundle: boolean;
    bundle: string;
  }> = [
    {
      name: 'chromium-156.sdp',
      h264: [
        [102, 'baseline'],
        [108, 'constrained-baseline'],
        [116, 'main'],
        [41, 'other'],
      ],
      audio: 'pcma pcmu',
      fullBundle: true,
      bundle: '0 1',
    },
    {
      name: 'chromium-156-data-two-videos.sdp',
      h264: [
        [102, 'baseline'],
        [108, 'constrained-baseline'],
        [116, 'main'],
        [41, 'other'],
      ],
      audio: '',
      fullBundle: true,
      bundle: '0 1 2',
    },
    {
      name: 'firefox.sdp',
      h264: [
        [126, 'constrained-baseline'],
        [105, 'baseline'],
      ],
      audio: 'pcma pcmu',
      fullBundle: true,
      bundle: '0 1',
    },
    {
      name: 'safari.sdp',
      h264: [
        [96, 'high'],
        [98, 'constrained-baseline'],
      ],
      audio: 'pcma pcmu',
      fullBundle: true,
      bundle: '0 1',
    },
    {
      name: 'srs-player.sdp',
      h264: [
        [102, 'baseline'],
        [125, 'constrained-baseline'],
        [124, 'high'],
      ],
      audio: 'pcma pcmu',
      fullBundle: true,
      bundle: '0 1',
    },
    {
      name: 'whep-gstreamer.sdp',
      h264: [[101, 'constrained-baseline']],
      audio: 'pcma',
      fullBundle: false,
      bundle: 'video0 audio1',
    },
    {
      name: 'libdatachannel.sdp',
      h264: [[96, 'constrained-baseline']],
      audio: '',
      fullBundle: false,
      bundle: 'video audio',
    },
    { name: 'werift.sdp', h264: [[102, 'constrained-baseline']], audio: 'pcma', fullBundle: false, bundle: '0 1' },
  ];

  test.each(cases)('$name', ({ name, h264, audio, fullBundle, bundle }) => {
    const offer = parseOffer(fixture(name));
    expect(offer.video.h264.map(({ payloadType, profile }) => [payloadType, profile])).toEqual(h264);
    expect(audioNames(offer)).toBe(audio);
    expect(offer.fullBundle).toBe(fullBundle);
    expect(offer.bundle.join(' ')).toBe(bundle);
    expect(offer.dtlsRole).toBe('client');
    expect(offer.fingerprints[0]?.value).toHaveLength(95);
  });

  test('every fixture has a row', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sdp'));
    expect(files.toSorted()).toEqual(cases.map(({ name }) => name).toSorted());
  });
});

function audioNames({ audio }: ViewerOffer): string {
  return [audio?.pcma === true ? 'pcma' : '', audio?.pcmu === true ? 'pcmu' : ''].filter(Boolean).join(' ');
}

describe('offers that cannot be answered', () => {
  const without = (pattern: RegExp): string => CHROMIUM.replaceAll(pattern, '');
  const cases: Array<{ name: string; offer: string; code?: string; text: string }> = [
    { name: 'empty', offer: '', text: 'v=0' },
    { name: 'JSON', offer: '{"sdp":"v=0"}', text: 'v=0' },
    { name: 'too long', offer: `v=0\r\n${'a'.repeat(70_000)}`, text: '70005 characters, the limit is 65536' },
    { name: 'no section', offer: 'v=0\r\ns=-\r\n', text: 'no m= line' },
    { name: 'too many sections', offer: `v=0\r\n${'m=audio 9 RTP/SAVPF 0\r\n'.repeat(33)}`, text: '33 m= lines' },
    { name: 'audio only', offer: CHROMIUM.replace(/m=video[^]*/, ''), text: 'no m=video line' },
    { name: 'sends only', offer: CHROMIUM.replaceAll('a=recvonly', 'a=sendonly'), text: 'sendonly, a player has to' },
    { name: 'plain RTP', offer: CHROMIUM.replaceAll('UDP/TLS/RTP/SAVPF', 'RTP/AVP'), text: 'protocol RTP/AVP' },
    { name: 'video refused', offer: CHROMIUM.replace('m=video 9', 'm=video 0'), text: 'port 0' },
    {
      name: 'no H264',
      offer: CHROMIUM.replaceAll('H264', 'VP7'),
      code: 'codec_unsupported',
      text: 'only VP8, rtx, VP9',
    },
    {
      name: 'single NAL unit mode only',
      offer: CHROMIUM.replaceAll('packetization-mode=1', 'packetization-mode=0'),
      code: 'codec_unsupported',
      text: 'packetization-mode=1',
    },
    { name: 'no ufrag', offer: without(/a=ice-ufrag.*\r\n/g), text: 'a=ice-ufrag' },
    { name: 'no pwd', offer: without(/a=ice-pwd.*\r\n/g), text: 'a=ice-pwd' },
    { name: 'no fingerprint', offer: without(/a=fingerprint.*\r\n/g), text: 'a=fingerprint' },
    { name: 'unknown fingerprint', offer: CHROMIUM.replaceAll('sha-256', 'md2'), text: 'unknown kind md2' },
    { name: 'bad fingerprint', offer: CHROMIUM.replace(/sha-256 .*/g, 'sha-256 xyz'), text: 'malformed' },
    { name: 'no setup', offer: without(/a=setup.*\r\n/g), text: 'no a=setup' },
    { name: 'bad setup', offer: CHROMIUM.replaceAll('setup:actpass', 'setup:holdconn'), text: 'holdconn' },
    { name: 'no rtcp-mux', offer: without(/a=rtcp-mux\r\n/g), text: 'no a=rtcp-mux' },
    { name: 'no BUNDLE', offer: without(/a=group.*\r\n/g), text: 'a=group:BUNDLE' },
  ];

  test.each(cases)('$name', ({ offer, code = 'sdp_invalid', text }) => {
    const error = caught(() => parseOffer(offer));
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(text);
  });
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('offers that only look odd', () => {
  const cases: Array<{ name: string; offer: string; check: (offer: ViewerOffer) => unknown; expected: unknown }> = [
    {
      name: 'bare LF',
      offer: CHROMIUM.replaceAll('\r\n', '\n'),
      check: ({ video }) => video.h264.length,
      expected: 4,
    },
    {
      name: 'no direction means sendrecv',
      offer: CHROMIUM.replaceAll('a=recvonly\r\n', ''),
      check: ({ video }) => video.section,
      expected: 1,
    },
    {
      name: 'active offerer',
      offer: CHROMIUM.replaceAll('setup:actpass', 'setup:active'),
      check: ({ dtlsRole }) => dtlsRole,
      expected: 'client',
    },
    {
      name: 'passive offerer',
      offer: CHROMIUM.replaceAll('setup:actpass', 'setup:passive'),
      check: ({ dtlsRole }) => dtlsRole,
      expected: 'server',
    },
    {
      name: 'audio that sends is not used',
      offer: CHROMIUM.replace('a=recvonly', 'a=sendonly'),
      check: ({ audio }) => audio,
      expected: undefined,
    },
    {
      name: 'H264 without fmtp',
      offer: SMALL.replace(/a=fmtp.*\r\n/, ''),
      check: ({ video }) => video.h264,
      expected: [{ payloadType: 96, profile: 'other', fmtp: undefined }],
    },
    {
      name: 'profile-level-id of digits only',
      offer: SMALL.replace('42e01f', '420020'),
      check: ({ video }) => video.h264[0]?.profile,
      expected: 'baseline',
    },
    {
      name: 'numeric ufrag',
      offer: SMALL.replaceAll('ice-ufrag:H6Fj', 'ice-ufrag:1234'),
      check: ({ sections }) => sections.length,
      expected: 2,
    },
  ];

  test.each(cases)('$name', ({ offer, check, expected }) => {
    expect(check(parseOffer(offer))).toEqual(expected);
  });
});

describe('garbage', () => {
  test('is refused with SdpError, never with anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const offer of [text, `v=0\r\n${text}`]) expect(caught(() => parseOffer(offer))).toBeInstanceOf(SdpError);
      }),
    );
  });

  // Seconds alone; many times that where all cores are taken.
  test('200,000 mutated offers end in a bounded result or an SdpError', { timeout: 120_000 }, () => {
    const random = seededRandom(28_181);
    const seed = SMALL.replace(/a=candidate.*\r\n/g, '');
    let parsed = 0;
    for (let count = 0; count < 200_000; count += 1) {
      try {
        const offer = parseOffer(mutateText(seed, random));
        if (offer.sections.length > 32 || offer.video.h264.length === 0) throw new Error('out of bounds');
        parsed += 1;
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
      }
    }
    expect(parsed).toBeGreaterThan(1000);
    expect(parsed).toBeLessThan(200_000);
  });
});
