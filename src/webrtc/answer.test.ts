import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cameraSections, formatSession } from './answer.ts';
import { chooseAudio, chooseH264 } from './codec-choice.ts';
import { parseOffer } from './offer.ts';

const TRANSPORT = {
  usernameFragment: 'gatewayufrag',
  password: 'gatewaypassword',
  fingerprint: { algorithm: 'sha-256', value: 'AA:BB' },
  candidates: [
    'udp0 1 udp 2130706431 192.0.2.1 8000 typ host',
    'tcp0 1 tcp 1526726655 192.0.2.1 8000 typ host tcptype passive',
  ],
};

function fixture(name: string): string {
  return readFileSync(new URL(`../../test/fixtures/sdp/${name}`, import.meta.url), 'utf8');
}

function answerTo(text: string, profileLevelId?: string, audio?: 'pcma' | 'pcmu'): string {
  const offer = parseOffer(text);
  const accepted = cameraSections({
    streamId: 'gbrtc',
    offer,
    h264: chooseH264(offer, profileLevelId),
    audioCodec: chooseAudio(offer, audio),
    ...(offer.fullBundle ? {} : { ssrcs: { cname: 'cam', video: 111, audio: 222 } }),
  });
  return formatSession({ sessionId: 1, offer, transport: TRANSPORT, accepted });
}

/** Lines of a description by section; the first is the session's. */
function sectionsOf(text: string): string[][] {
  return text
    .trim()
    .split(/\r\n(?=m=)/)
    .map((section) => section.split('\r\n'));
}

function valuesOf(section: readonly string[] | undefined, attribute: string): string[] {
  const prefix = `a=${attribute}:`;
  return (section ?? []).filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}

const CASES: Array<{
  name: string;
  stream: string | undefined;
  video: number;
  audio?: 0 | 8;
  cameraAudio?: 'pcma' | 'pcmu';
}> = [
  { name: 'chromium-156.sdp', stream: '42e01e', video: 108, audio: 8 },
  { name: 'chromium-156.sdp', stream: '42001e', video: 102, audio: 8, cameraAudio: 'pcma' },
  { name: 'chromium-156.sdp', stream: '4d0029', video: 116, audio: 0, cameraAudio: 'pcmu' },
  { name: 'chromium-156.sdp', stream: '640028', video: 116, audio: 8 },
  { name: 'chromium-156.sdp', stream: undefined, video: 116, audio: 8 },
  { name: 'chromium-156-data-two-videos.sdp', stream: '4d0029', video: 116 },
  { name: 'firefox.sdp', stream: '640028', video: 126, audio: 8 },
  { name: 'firefox.sdp', stream: '42001e', video: 105, audio: 8 },
  { name: 'safari.sdp', stream: '640028', video: 96, audio: 8 },
  { name: 'safari.sdp', stream: '4d0028', video: 96, audio: 8 },
  { name: 'safari.sdp', stream: '42e01e', video: 98, audio: 8 },
  { name: 'srs-player.sdp', stream: '640028', video: 124, audio: 8 },
  { name: 'srs-player.sdp', stream: '42c01e', video: 125, audio: 8 },
  { name: 'whep-gstreamer.sdp', stream: '640028', video: 101, audio: 8, cameraAudio: 'pcmu' },
  { name: 'libdatachannel.sdp', stream: '640028', video: 96 },
  { name: 'werift.sdp', stream: '640028', video: 102, audio: 8 },
];

describe('answers, line by line', () => {
  test.each(CASES)(
    '$name, stream $stream: video $video, audio $audio',
    ({ name, stream, video, audio, cameraAudio }) => {
      const offerText = fixture(name);
      const [offerSession, ...offered] = sectionsOf(offerText);
      const [session, ...answered] = sectionsOf(answerTo(offerText, stream, cameraAudio));

      expect(session).toContain('a=ice-lite');
      expect(answered).toHaveLength(offered.length);
      const accepted = answered.filter((section) => section.includes('a=sendonly'));
      const formats = accepted.map((section) => section[0]?.split(' ')[3]);
      expect(formats).toEqual(expectedFormats(offered, video, audio));

      answered.forEach((section, index) => checkSection(section, offered[index] ?? []));

      const bundle = valuesOf(session, 'group')[0]?.split(' ').slice(1) ?? [];
      const offeredBundle = (valuesOf(offerSession, 'group')[0] ?? '').split(' ').slice(1);
      expect(bundle).toEqual(offeredBundle.filter((mid) => bundle.includes(mid)));
      const alive = answered.filter((section) => !section[0]?.includes(' 0 '));
      expect(bundle).toEqual(alive.map((section) => valuesOf(section, 'mid')[0]));
    },
  );
});

function expectedFormats(offered: readonly string[][], video: number, audio: number | undefined): string[] {
  let videoDone = false;
  return offered.flatMap((section) => {
    const kind = section[0]?.slice(2, 7);
    if (kind === 'audio') return audio === undefined ? [] : [String(audio)];
    if (kind !== 'video' || videoDone) return [];
    videoDone = true;
    return [String(video)];
  });
}

function checkSection(section: readonly string[], offered: readonly string[]): void {
  const [kind, port, protocol, format] = (section[0] ?? '').split(' ');
  const [offeredKind, , offeredProtocol, ...offeredFormats] = (offered[0] ?? '').split(' ');
  expect(kind).toBe(offeredKind);
  expect(protocol).toBe(offeredProtocol);
  expect(valuesOf(section, 'mid')).toEqual(valuesOf(offered, 'mid'));
  expect(valuesOf(section, 'extmap')).toEqual([]);
  if (port === '0') {
    expect(section).toContain('a=inactive');
    return;
  }
  expect(offeredFormats).toContain(format);
  expect(valuesOf(section, 'setup')).toEqual(['passive']);
  expect(valuesOf(section, 'ice-ufrag')).toEqual([TRANSPORT.usernameFragment]);
  expect(section).toContain('a=rtcp-mux');
  expect(section.includes('a=rtcp-rsize')).toBe(offered.includes('a=rtcp-rsize'));
  for (const rtpmap of valuesOf(section, 'rtpmap')) expect(offeredRtpmaps(offered)).toContain(rtpmap.toUpperCase());
  // In a section that is refused, too: the browser reads only those of the first one of the bundle.
  expect(valuesOf(section, 'candidate')).toEqual(TRANSPORT.candidates);
  expect(section.at(-1)).toBe('a=end-of-candidates');
  if (section.includes('a=inactive')) return;
  const feedback = valuesOf(section, 'rtcp-fb');
  expect(valuesOf(offered, 'rtcp-fb')).toEqual(expect.arrayContaining(feedback));
  expect(feedback.every((line) => / (nack|nack pli|ccm fir)$/.test(line))).toBe(true);
  expect(valuesOf(section, 'fmtp')).toEqual(valuesOf(offered, 'fmtp').filter((line) => line.startsWith(`${format} `)));
  expect(valuesOf(section, 'msid')[0]).toMatch(/^gbrtc (audio|video)$/);
}

/** Static payload types need no rtpmap (RFC 3551 §6). */
function offeredRtpmaps(offered: readonly string[]): string[] {
  return [...valuesOf(offered, 'rtpmap').map((line) => line.toUpperCase()), '8 PCMA/8000', '0 PCMU/8000'];
}

describe('details', () => {
  test('a full browser gets no SSRC, so that a restarted camera may bring another one', () => {
    expect(answerTo(fixture('chromium-156.sdp'))).not.toContain('a=ssrc');
  });

  test('an agent without MID extension gets SSRCs', () => {
    const [, video, audio] = sectionsOf(answerTo(fixture('werift.sdp')));
    expect(valuesOf(video, 'ssrc')).toEqual(['111 cname:cam', '111 msid:gbrtc video']);
    expect(valuesOf(audio, 'ssrc')).toEqual(['222 cname:cam', '222 msid:gbrtc audio']);
  });

  test('audio without G.711 becomes inactive and stays in the bundle', () => {
    const offer = fixture('chromium-156.sdp').replace(
      /m=audio 9 UDP\/TLS\/RTP\/SAVPF .*/,
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    );
    const [session, audio] = sectionsOf(answerTo(offer));
    expect(valuesOf(session, 'group')).toEqual(['BUNDLE 0 1']);
    expect(audio?.[0]).toBe('m=audio 9 UDP/TLS/RTP/SAVPF 111');
    expect(audio).toContain('a=inactive');
    expect(audio).toContain('a=rtpmap:111 opus/48000/2');
  });

  test('µ-law where the player has no A-law', () => {
    const offer = fixture('chromium-156.sdp').replace(' 0 8 13', ' 0 13');
    expect(sectionsOf(answerTo(offer))[1]?.[0]).toBe('m=audio 9 UDP/TLS/RTP/SAVPF 0');
  });

  test('a passive offerer gets an active answer', () => {
    const offer = fixture('werift.sdp').replaceAll('setup:actpass', 'setup:passive');
    expect(valuesOf(sectionsOf(answerTo(offer))[1], 'setup')).toEqual(['active']);
  });

  test('a data channel is refused outside of the bundle', () => {
    const sections = sectionsOf(answerTo(fixture('chromium-156-data-two-videos.sdp')));
    expect(sections[3]?.[0]).toBe('m=application 0 UDP/DTLS/SCTP webrtc-datachannel');
    expect(sections[2]).toContain('a=inactive');
    expect(valuesOf(sections[0], 'group')).toEqual(['BUNDLE 0 1']);
  });
});
