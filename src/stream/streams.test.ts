import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStreams } from './index.ts';
import type { PlayFailure, Streams } from './types.ts';
import {
  closeScripted,
  openScripted,
  Refusal,
  STREAM_OPTIONS,
  VIEWER,
  type ScriptedStreams,
} from '../../test/support/scripted-streams.ts';
import {
  CHANNEL_ID,
  DEVICE_ID,
  playOnAnswer,
  testDevice,
  type InviteScript,
  type ScriptedViewer,
} from '../../test/support/stream-fakes.ts';

const REQUEST = { deviceId: DEVICE_ID, channelId: CHANNEL_ID, subStream: 0 };
const NAME = `live/${DEVICE_ID}_${CHANNEL_ID}`;

let parts: ScriptedStreams['parts'];
let streams: Streams;

beforeEach(() => {
  ({ parts, streams } = openScripted());
});
afterEach(() => closeScripted({ parts, streams }));

function stages(): string[] {
  return streams.plays()[0]?.timeline.map((entry) => entry.stage) ?? [];
}

/** Settles an open that is expected to take (virtual) time. */
async function settle<T>(promise: Promise<T>, ms = 120_000): Promise<PromiseSettledResult<T>> {
  const [settled] = await Promise.all([Promise.allSettled([promise]), vi.advanceTimersByTimeAsync(ms)]);
  return settled[0];
}

async function failureOf(promise: Promise<unknown>): Promise<{ code: string; message: string; sipStatus?: number }> {
  const result = await settle(promise);
  if (result.status === 'fulfilled') throw new Error('it did not fail');
  return result.reason as { code: string; message: string };
}

async function viewerAt(index: number): Promise<ScriptedViewer> {
  await streams.view(NAME, VIEWER);
  const viewer = parts.webrtc.viewers[index];
  if (viewer === undefined) throw new Error('no viewer');
  return viewer;
}

describe('a play', () => {
  test('tells its evidence in order', async () => {
    const snapshot = await streams.open(REQUEST);
    expect(snapshot).toMatchObject({ name: NAME, transport: 'tcp-passive', ssrc: '0200001001', state: 'playing' });
    await streams.view(NAME, VIEWER);
    parts.webrtc.viewers[0]?.connect();
    streams.reportFirstFrame(parts.webrtc.viewers[0]?.id ?? '', 240);
    expect(stages()).toEqual([
      'requested',
      'invite_sent',
      'ok',
      'first_rtp',
      'ssrc_ok',
      'first_pack',
      'first_key_frame',
      'codec',
      'playing',
      'viewer_offer',
      'producer',
      'ice',
      'dtls',
      'first_frame',
    ]);
    expect(streams.plays()[0]).toMatchObject({ state: 'playing', callIds: ['call-1'], transport: 'tcp-passive' });
    expect(streams.list()[0]?.viewers[0]).toMatchObject({ firstFrameMs: 240, dtlsState: 'connected' });
    expect(parts.platform.remembered).toBe('tcp-passive');
  });

  test('packets are expected from where the answer and the SIP of the device are', async () => {
    await streams.open(REQUEST);
    const answer = { remoteAddress: '10.0.0.9', deviceAddresses: ['10.0.0.9', '127.0.0.9'] };
    expect(parts.media.opened[0]?.lastAnswer).toMatchObject(answer);
    parts.platform.transports = ['tcp-active'];
    await streams.open({ ...REQUEST, subStream: 1 });
    expect(parts.media.opened[1]?.lastAnswer).toMatchObject({ remoteAddress: '10.0.0.9', deviceAddresses: [] });
  });

  const soundEntries = () =>
    streams.plays()[0]?.timeline.flatMap(({ stage, detail }) => (stage === 'audio' ? [detail] : []));

  test('tells which sound comes, and that players do not get AAC', async () => {
    parts.platform.script = (_invite, ingest) => {
      setTimeout(() => {
        ingest.sendRtp();
        ingest.sendAudio('aac');
        ingest.sendTrack();
      }, 10);
    };
    expect(await settle(streams.open(REQUEST), 100)).toMatchObject({ value: { audio: { playable: false } } });
    const note = 'codec_unsupported: the camera sends AAC, players get G.711 only: there is no sound';
    expect(soundEntries()).toEqual([note]);
    const viewers = vi.fn<(stream: object) => void>();
    streams.on('viewers', viewers);
    parts.media.opened[0]?.sendAudio('aac');
    expect(viewers).not.toHaveBeenCalled();
    parts.media.opened[0]?.sendAudio('pcma');
    expect(soundEntries()).toEqual([note, 'G.711 A-law']);
    expect(viewers).toHaveBeenCalledWith(expect.objectContaining({ audio: parts.media.opened[0]?.audio }));
  });

  const wrongSsrc: InviteScript = (_invite, ingest) => {
    ingest.emit('wrongSsrc', { ssrc: 7, expected: ingest.options.ssrc, address: '127.0.0.9' });
  };
  const wrongSource: InviteScript = (_invite, ingest) => {
    ingest.emit('wrongSource', { address: '127.0.0.8', expected: '127.0.0.9' });
  };
  const refuse =
    (code: string, status?: number): InviteScript =>
    () => {
      throw new Refusal(code, status);
    };
  const cases: Array<{ name: string; script: InviteScript; code: PlayFailure; invites: number; text?: string }> = [
    { name: 'INVITE unanswered', script: refuse('invite_timeout'), code: 'invite_timeout', invites: 1 },
    { name: 'INVITE refused as busy', script: refuse('invite_rejected', 486), code: 'invite_rejected', invites: 1 },
    { name: 'every transport refused', script: refuse('invite_rejected', 488), code: 'invite_rejected', invites: 3 },
    { name: 'a 200 without usable media', script: refuse('invite_bad_answer'), code: 'invite_rejected', invites: 3 },
    { name: 'device went offline', script: refuse('device_offline'), code: 'device_offline', invites: 1 },
    { name: 'no packet at all', script: () => undefined, code: 'no_rtp', invites: 3, text: '5000 ms' },
    { name: 'another SSRC', script: wrongSsrc, code: 'rtp_wrong_ssrc', invites: 3, text: 'SSRC 7' },
    { name: 'another source', script: wrongSource, code: 'rtp_wrong_source', invites: 3, text: '127.0.0.8' },
    {
      name: 'packets without video',
      script: (_invite, ingest) => ingest.sendRtp(),
      code: 'ps_no_video',
      invites: 1,
    },
    {
      name: 'H.265',
      script: (_invite, ingest) => {
        ingest.sendRtp();
        ingest.sendTrack({ codec: 'h265', playable: false });
      },
      code: 'codec_unsupported',
      invites: 1,
      text: 'H.265',
    },
    {
      name: 'BYE in place of media',
      script: (_invite, _ingest, session) => void setTimeout(() => session.end('device_bye'), 100),
      code: 'device_bye',
      invites: 3,
    },
    {
      name: 'BYE after the first packets',
      script: (_invite, ingest, session) => {
        ingest.sendRtp();
        setTimeout(() => session.end('device_bye'), 100);
      },
      code: 'device_bye',
      invites: 1,
    },
    {
      name: 'TCP closed before the first packet',
      script: (_invite, ingest) => void setTimeout(() => ingest.end('tcp_closed'), 100),
      code: 'no_rtp',
      invites: 3,
      text: 'closed its media connection',
    },
    {
      name: 'media thread died',
      script: (_invite, ingest) => {
        ingest.sendRtp();
        setTimeout(() => ingest.end('thread_died'), 100);
      },
      code: 'media_lost',
      invites: 1,
    },
  ];
  test.each(cases)('fails with a reason: $name', async ({ script, code, invites, text }) => {
    parts.platform.script = script;
    const error = await failureOf(streams.open(REQUEST));
    expect(error.code).toBe(code);
    expect(error.message).toContain(text ?? '');
    expect(parts.platform.invites).toHaveLength(invites);
    expect(parts.platform.sessions.every((session) => session.ended)).toBe(true);
    expect(parts.media.open).toBe(0);
    expect(streams.plays()[0]).toMatchObject({ state: 'failed', failure: { code } });
    expect(stages().at(-1)).toBe('failed');
    expect(streams.list()).toEqual([]);
  });

  test('carries the status of a refusal and its own id', async () => {
    parts.platform.script = refuse('invite_rejected', 486);
    expect(await failureOf(streams.open(REQUEST))).toMatchObject({ sipStatus: 486, playId: streams.plays()[0]?.id });
  });

  test('fails without an INVITE for an offline device', async () => {
    parts.platform.current = testDevice({ online: false, offlineReason: 'keepalive_timeout' });
    expect(await failureOf(streams.open(REQUEST))).toMatchObject({ code: 'device_offline' });
    expect(parts.platform.invites).toHaveLength(0);
  });

  test('fails where no port is left', async () => {
    parts.media.failure = new Refusal('no_media_port');
    expect(await failureOf(streams.open(REQUEST))).toMatchObject({ code: 'no_media_port' });
  });

  test('asks for a key frame once, then fails with no_key_frame', async () => {
    parts.platform.script = (_invite, ingest) => {
      ingest.sendRtp();
      ingest.sendTrack();
    };
    await streams.open(REQUEST);
    expect(streams.list()[0]?.state).toBe('opening');
    await vi.advanceTimersByTimeAsync(2500);
    expect(parts.platform.keyFrameRequests).toBe(1);
    await vi.advanceTimersByTimeAsync(8000);
    expect(streams.plays()[0]?.failure?.code).toBe('no_key_frame');
    expect(streams.list()).toEqual([]);
  });
});

describe('quirks', () => {
  test('quirk: INVITE 200 but no stream over TCP, the next transport works and is remembered (P1)', async () => {
    parts.platform.script = (invite, ingest) => {
      ingest.playsOnAnswer = invite.transport === 'udp';
    };
    const result = await settle(streams.open(REQUEST), 10_000);
    expect(result).toMatchObject({ status: 'fulfilled', value: { transport: 'udp' } });
    expect(stages().filter((stage) => stage === 'fallback')).toHaveLength(1);
    expect(parts.platform.remembered).toBe('udp');
    expect(parts.platform.sessions[0]?.byes).toBe(1);
    expect(parts.platform.leases.size).toBe(1);
    expect(parts.media.open).toBe(1);
  });

  test('quirk: TCP connect and packets before the 200 (Dahua)', async () => {
    parts.platform.script = async (_invite, ingest) => {
      ingest.play();
      await new Promise((resolve) => setTimeout(resolve, 3000));
    };
    expect(await settle(streams.open(REQUEST), 4000)).toMatchObject({ status: 'fulfilled' });
    expect(parts.platform.invites).toHaveLength(1);
  });

  test('quirk: packets and no 200: the INVITE is told of the first packet, and the play goes on', async () => {
    parts.platform.script = async (invite, ingest) => {
      if (invite.firstPacket === undefined) throw new Refusal('invite_timeout');
      ingest.play();
      await invite.firstPacket;
    };
    await streams.open(REQUEST);
    expect(streams.plays()[0]).toMatchObject({ state: 'playing', transport: 'tcp-passive' });
    const session = parts.platform.sessions[0];
    session?.emit('answered', session.answer);
    expect(streams.plays()[0]?.timeline.at(-1)).toMatchObject({ stage: 'ok', detail: '200, after the packets' });
    expect(parts.media.opened[0]?.answers).toBe(2);
  });

  test('quirk: packets, then a refusal of the INVITE: the stream is lost as rejected', async () => {
    await streams.open(REQUEST);
    parts.platform.sessions[0]?.end('device_rejected');
    expect(streams.plays()[0]).toMatchObject({ state: 'failed', failure: { code: 'invite_rejected' } });
  });

  test('quirk: packets, then a refusal before the first picture: the attempt fails as rejected', async () => {
    parts.platform.script = (_invite, ingest, session) => {
      ingest.sendRtp();
      setTimeout(() => session.end('device_rejected'), 100);
    };
    expect(await failureOf(streams.open(REQUEST))).toMatchObject({ code: 'invite_rejected' });
    expect(parts.platform.invites).toHaveLength(1);
  });

  test('quirk: PSM says H.265 before H.264 (Keda)', async () => {
    parts.platform.script = (_invite, ingest) => {
      ingest.sendRtp();
      ingest.sendTrack({ codec: 'h265', playable: false });
      setTimeout(() => ingest.sendTrack(), 300);
    };
    expect(await settle(streams.open(REQUEST), 4000)).toMatchObject({ status: 'fulfilled' });
  });

  test('quirk: media goes on while the device flaps offline (P8)', async () => {
    const viewer = await viewerAt(0);
    parts.platform.sessions[0]?.end('device_offline');
    parts.media.opened[0]?.emit('stats', { ...parts.media.opened[0].stats, packets: 100 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(parts.platform.invites).toHaveLength(1);
    expect(parts.platform.touches).toBe(1);
    expect(viewer.closed).toBe(false);
  });
});

describe('sharing', () => {
  test('one INVITE for concurrent opens and viewers', async () => {
    await Promise.all([
      streams.open(REQUEST),
      streams.open(REQUEST),
      streams.view(NAME, VIEWER),
      streams.view(NAME, VIEWER),
    ]);
    expect(parts.platform.invites).toHaveLength(1);
    expect(streams.list()[0]?.viewers).toHaveLength(2);
  });

  test('found by name, name without app, and SSRC', async () => {
    await streams.open(REQUEST);
    for (const name of [NAME, NAME.slice(5), `/${NAME}`, '0200001001', 'live/0200001001']) {
      expect(streams.find(name)?.name).toBe(NAME);
    }
    expect(streams.find('0200001009')).toBeUndefined();
  });

  test('sub-streams are streams of their own', async () => {
    await streams.open(REQUEST);
    const sub = await streams.open({ ...REQUEST, subStream: 1 });
    expect(sub.name).toBe(`${NAME}_1`);
    expect(parts.platform.invites.map((invite) => invite.subStream)).toEqual([0, 1]);
  });

  test('a name of nothing is not found', async () => {
    await expect(streams.view('live/nothing', VIEWER)).rejects.toMatchObject({ code: 'stream_not_found' });
  });

  test('a bad offer wakes no camera', async () => {
    parts.webrtc.failure = new Refusal('sdp_invalid');
    await expect(streams.view(NAME, VIEWER)).rejects.toMatchObject({ code: 'sdp_invalid' });
    expect(parts.platform.invites).toHaveLength(0);
  });

  test('one of two waiting callers may leave', async () => {
    const controller = new AbortController();
    parts.platform.script = (_invite, ingest) => void setTimeout(() => ingest.play(), 1000);
    const [left, stayed] = [streams.open(REQUEST, controller.signal), streams.open(REQUEST)];
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'closed' });
    expect(await settle(stayed, 2000)).toMatchObject({ status: 'fulfilled' });
  });

  test('when the last waiting caller leaves, the INVITE is withdrawn', async () => {
    const controller = new AbortController();
    parts.platform.script = async (invite) =>
      new Promise((_resolve, reject) => {
        invite.signal?.addEventListener('abort', () => reject(new Refusal('invite_aborted')));
      });
    const left = streams.open(REQUEST, controller.signal);
    await vi.advanceTimersByTimeAsync(100);
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'closed' });
    await vi.advanceTimersByTimeAsync(0);
    expect(streams.list()).toEqual([]);
    expect(streams.plays()[0]).toMatchObject({ state: 'failed', failure: { code: 'closed' } });
  });

  test('after a failure the next open starts anew', async () => {
    parts.platform.script = refuse486;
    await failureOf(streams.open(REQUEST));
    parts.platform.script = playOnAnswer;
    await streams.open(REQUEST);
    expect(streams.plays().map((play) => play.state)).toEqual(['playing', 'failed']);
  });
});

const refuse486: InviteScript = () => {
  throw new Refusal('invite_rejected', 486);
};

describe('idle', () => {
  test('BYE after the last viewer has left and the time is over', async () => {
    const [first, second] = [await viewerAt(0), await viewerAt(1)];
    await vi.advanceTimersByTimeAsync(60_000);
    first.close('peer_closed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.list()).toHaveLength(1);
    second.close('peer_closed');
    await vi.advanceTimersByTimeAsync(29_000);
    expect(parts.platform.sessions[0]?.byes).toBe(0);
    await vi.advanceTimersByTimeAsync(2000);
    expect(parts.platform.sessions[0]?.byes).toBe(1);
    expect(streams.plays()[0]?.state).toBe('closed');
  });

  test('a stream that was opened and never viewed ends too', async () => {
    await streams.open(REQUEST);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(parts.platform.sessions[0]?.byes).toBe(1);
  });

  test('a viewer in time keeps it', async () => {
    await streams.open(REQUEST);
    await vi.advanceTimersByTimeAsync(29_000);
    await streams.view(NAME, VIEWER);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(parts.platform.invites).toHaveLength(1);
    expect(streams.list()).toHaveLength(1);
  });

  test('no idle time at all does not end it under a viewer on its way', async () => {
    streams = createStreams({ ...STREAM_OPTIONS, idleTimeoutMs: 0 }, parts);
    parts.webrtc.viewerDelayMs = 50;
    const result = await settle(streams.view(NAME, VIEWER), 1000);
    expect(result.status).toBe('fulfilled');
    expect(parts.platform.sessions[0]?.byes).toBe(0);
    parts.webrtc.viewers[0]?.close('peer_closed');
    await vi.advanceTimersByTimeAsync(1);
    expect(parts.platform.sessions[0]?.byes).toBe(1);
  });

  test('a stream closed under a viewer on its way closes that viewer too', async () => {
    await streams.open(REQUEST);
    parts.webrtc.viewerDelayMs = 50;
    const viewing = streams.view(NAME, VIEWER);
    viewing.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(10);
    await streams.close(NAME);
    expect((await failureOf(viewing)).code).toBe('closed');
    expect(parts.webrtc.viewers[0]?.closed).toBe(true);
  });

  test('close ends it with its viewers', async () => {
    const viewer = await viewerAt(0);
    expect(await streams.close(NAME)).toBe(true);
    expect(viewer.closed).toBe(true);
    expect(await streams.close(NAME)).toBe(false);
  });
});

describe('key frames', () => {
  test('requests are merged to one in 500 ms', async () => {
    await streams.open(REQUEST);
    const [ingest] = parts.media.opened;
    for (let count = 0; count < 10; count += 1) ingest?.emit('keyFrameRequested');
    expect(parts.platform.keyFrameRequests).toBe(1);
    await vi.advanceTimersByTimeAsync(600);
    expect(parts.platform.keyFrameRequests).toBe(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(parts.platform.keyFrameRequests).toBe(2);
  });
});

describe('the first viewer', () => {
  test('finds a key frame that was asked for while it connects', async () => {
    await streams.open(REQUEST);
    await vi.advanceTimersByTimeAsync(1000);
    await streams.view(NAME, VIEWER);
    expect(parts.platform.keyFrameRequests).toBe(1);
    await vi.advanceTimersByTimeAsync(1000);
    await streams.view(NAME, VIEWER);
    expect(parts.platform.keyFrameRequests).toBe(1);
  });

  test('needs none where the camera has just begun', async () => {
    await streams.view(NAME, VIEWER);
    expect(parts.platform.keyFrameRequests).toBe(0);
  });
});

describe('a lost camera', () => {
  const losses: Array<{ name: string; lose: () => void; code: PlayFailure }> = [
    { name: 'BYE', lose: () => parts.platform.sessions[0]?.end('device_bye'), code: 'device_bye' },
    { name: 'TCP closed', lose: () => parts.media.opened[0]?.end('tcp_closed'), code: 'media_lost' },
    { name: 'silence', lose: () => parts.media.opened[0]?.emit('silent', 5000), code: 'media_lost' },
    { name: 'media thread died', lose: () => parts.media.opened[0]?.end('thread_died'), code: 'media_lost' },
  ];
  test.each(losses)('comes back by itself for its viewers: $name', async ({ lose, code }) => {
    const viewer = await viewerAt(0);
    lose();
    await vi.advanceTimersByTimeAsync(1000);
    expect(parts.platform.invites).toHaveLength(2);
    expect(viewer.closed).toBe(false);
    expect(viewer.ingests).toEqual([parts.media.opened[0], parts.media.opened[1]]);
    expect(streams.plays().map((play) => play.state)).toEqual(['playing', 'failed']);
    expect(streams.plays()[1]?.failure?.code).toBe(code);
    expect(parts.media.open).toBe(1);
    expect(parts.platform.leases.size).toBe(1);
  });

  test.each(losses)('is let go where nobody watches: $name', async ({ lose, code }) => {
    await streams.open(REQUEST);
    lose();
    await vi.advanceTimersByTimeAsync(1000);
    expect(parts.platform.invites).toHaveLength(1);
    expect(streams.plays()[0]?.failure?.code).toBe(code);
  });

  test('is called again with growing pauses while it is offline, and at once when it is back', async () => {
    const viewer = await viewerAt(0);
    parts.platform.current = testDevice({ online: false });
    parts.media.opened[0]?.end('tcp_closed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(parts.platform.invites).toHaveLength(1);
    expect(streams.list()[0]).toMatchObject({ state: 'opening', ssrc: '' });
    parts.platform.current = testDevice({ registeredAt: 2, sourcePort: 5070 });
    parts.platform.emit('deviceOnline', parts.platform.current);
    await vi.advanceTimersByTimeAsync(0);
    expect(parts.platform.invites).toHaveLength(2);
    expect(viewer.ingests).toHaveLength(2);
    expect(streams.plays()).toHaveLength(2);
  });

  test('an INVITE to its old address is given up when it registers anew', async () => {
    const viewer = await viewerAt(0);
    parts.platform.script = async (invite) =>
      new Promise((_resolve, reject) => {
        invite.signal?.addEventListener('abort', () => reject(new Refusal('invite_aborted')));
      });
    parts.media.opened[0]?.end('tcp_closed');
    await vi.advanceTimersByTimeAsync(3000);
    expect(parts.platform.invites).toHaveLength(2);
    parts.platform.script = playOnAnswer;
    parts.platform.emit('deviceChanged', testDevice({ registeredAt: 9, sourcePort: 5080 }));
    await vi.advanceTimersByTimeAsync(1000);
    expect(viewer.ingests).toHaveLength(2);
  });

  test('viewers that cannot follow are told', async () => {
    const viewer = await viewerAt(0);
    viewer.canMove = false;
    const reasons: string[] = [];
    viewer.on('closed', (reason) => reasons.push(reason));
    parts.platform.sessions[0]?.end('device_bye');
    await vi.advanceTimersByTimeAsync(1000);
    expect(reasons).toEqual(['media_lost']);
  });

  test('nobody is called for viewers who have left meanwhile', async () => {
    const viewer = await viewerAt(0);
    parts.platform.current = testDevice({ online: false });
    parts.media.opened[0]?.end('tcp_closed');
    await vi.advanceTimersByTimeAsync(2000);
    viewer.close('peer_closed');
    await vi.advanceTimersByTimeAsync(100);
    expect(streams.list()).toEqual([]);
  });
});

describe('viewers', () => {
  test('all of a dead worker are gone and the stream waits for them', async () => {
    const viewer = await viewerAt(0);
    viewer.close('worker_died');
    expect(streams.list()[0]?.viewers).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    await streams.view(NAME, VIEWER);
    expect(parts.platform.invites).toHaveLength(1);
  });

  test('a stream whose only viewers failed in ICE ends with ice_failed', async () => {
    const viewer = await viewerAt(0);
    viewer.close('ice_failed');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(streams.plays()[0]).toMatchObject({ state: 'failed', failure: { code: 'ice_failed' } });
  });

  test('no report of a first frame is evidence for players that report', async () => {
    await streams.view(NAME, { ...VIEWER, reportsFirstFrame: true });
    parts.webrtc.viewers[0]?.connect();
    await streams.view(NAME, { ...VIEWER, reportsFirstFrame: true });
    parts.webrtc.viewers[1]?.connect();
    streams.reportFirstFrame(parts.webrtc.viewers[1]?.id ?? '', 240);
    await vi.advanceTimersByTimeAsync(7_999);
    expect(stages()).not.toContain('failed');
    await vi.advanceTimersByTimeAsync(1);
    const failed = streams.plays()[0]?.timeline.filter(({ stage }) => stage === 'failed') ?? [];
    expect(failed).toMatchObject([{ viewerId: parts.webrtc.viewers[0]?.id }]);
    expect(failed[0]?.detail).toContain('no_browser_frame');
  });

  test('calls for unknown viewers say so', async () => {
    const viewer = await viewerAt(0);
    expect(streams.trickle('nobody', 'a=end-of-candidates')).toBe(false);
    expect(streams.trickle(viewer.id, 'garbage')).toBe(false);
    expect(streams.trickle(viewer.id, 'a=end-of-candidates')).toBe(true);
    expect(streams.reportFirstFrame('nobody', 1)).toBe(false);
    expect(streams.closeViewer('nobody')).toBe(false);
    expect(streams.closeViewer(viewer.id)).toBe(true);
    expect(viewer.closed).toBe(true);
  });
});

describe('bounds', () => {
  test('plays are kept up to a number, ended ones go first', async () => {
    await streams.shutdown();
    streams = createStreams({ ...STREAM_OPTIONS, maxPlays: 3 }, parts);
    await streams.view(NAME, VIEWER);
    const running = streams.plays()[0]?.id ?? '';
    parts.platform.script = refuse486;
    for (let count = 0; count < 5; count += 1) await failureOf(streams.open({ ...REQUEST, channelId: `c${count}` }));
    expect(streams.plays()).toHaveLength(3);
    expect(streams.play(running)).toBeDefined();
    expect(streams.plays({ channelId: 'c4', limit: 1 })).toHaveLength(1);
  });

  test('a timeline keeps its beginning and its end', async () => {
    await streams.open(REQUEST);
    for (let count = 0; count < 300; count += 1) {
      const { id } = await streams.view(NAME, VIEWER);
      streams.closeViewer(id);
    }
    const timeline = streams.plays()[0]?.timeline ?? [];
    expect(timeline).toHaveLength(200);
    expect(timeline[0]?.stage).toBe('requested');
    expect(timeline.at(-1)?.stage).toBe('closed');
  });

  test('streams have a limit whose error names both numbers', async () => {
    await streams.shutdown();
    streams = createStreams({ ...STREAM_OPTIONS, maxStreams: 1 }, parts);
    await streams.open(REQUEST);
    await expect(streams.open({ ...REQUEST, channelId: 'other' })).rejects.toThrow(
      '1 streams are open, the limit is 1',
    );
  });

  test('shutdown says BYE and opens nothing any more', async () => {
    const viewer = await viewerAt(0);
    await streams.shutdown();
    expect(viewer.closed).toBe(true);
    expect(parts.platform.sessions[0]?.byes).toBe(1);
    await expect(streams.open(REQUEST)).rejects.toMatchObject({ code: 'stream_limit' });
  });
});
