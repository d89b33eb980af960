import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Scene, channelsKnown, eventually } from '../support/scene.ts';

interface Play {
  readonly state: string;
  readonly timeline: ReadonlyArray<{ readonly stage: string; readonly afterMs: number; readonly detail?: string }>;
}

/** Stages whose order does not depend on how fast the first packets are. */
const details = (play: Play, stage: string): Array<string | undefined> =>
  play.timeline.filter((entry) => entry.stage === stage).map(({ detail }) => detail);

const cases = [
  { quirk: 'no-invite-response', mediaTransport: 'udp', trying: 0, acks: 1 },
  { quirk: 'no-invite-response', mediaTransport: 'tcp-passive', trying: 0, acks: 1 },
  { quirk: 'lost-invite-response', mediaTransport: 'udp', trying: 0, acks: 1 },
  { quirk: 'late-invite-response=4', mediaTransport: 'udp', trying: 1, acks: 2 },
] as const;

describe('a camera that does not answer the INVITE in time', () => {
  test.each(cases)(
    'quirk: $quirk over $mediaTransport plays, and ends with BYE',
    async ({ quirk, mediaTransport, trying, acks }) => {
      await using scene = new Scene();
      const gateway = await scene.gateway({ config: { stream: { 'idle-timeout': '3s' } } });
      const camera = await scene.camera(gateway, { quirks: [quirk] });
      await channelsKnown(gateway, 1);
      const ended = once(camera, 'sessionEnded');
      const [deviceId, channelId] = [camera.deviceIds[0], camera.channelIds()[0]];
      await gateway.json('PATCH', `/api/v1/devices/${deviceId}`, { mediaTransport });
      const { playId } = await gateway.json<{ playId: string }>('POST', '/api/v1/plays', { deviceId, channelId });
      const play = await eventually('the play', async () => {
        const read = await gateway.json<Play>('GET', `/api/v1/plays/${playId}`);
        return read.state === 'playing' && details(read, 'ok').length === acks ? read : undefined;
      });
      expect(details(play, 'ok')).toEqual([
        'no 200; packets arrived, ACK sent',
        ...(acks > 1 ? ['200, after the packets'] : []),
      ]);
      expect(details(play, 'trying')).toHaveLength(trying);
      expect(play.timeline.find(({ stage }) => stage === 'ok')?.afterMs).toBeGreaterThanOrEqual(2_500);
      // Nobody watches: the gateway hangs up, with the camera's tag where it knows one.
      expect((await ended)[1]).toBe('remote_bye');
      const trace = await gateway.json<{ items: Array<{ direction: string; text: string }> }>(
        'GET',
        `/api/v1/plays/${playId}/sip`,
      );
      const sent = (method: string): string[] =>
        trace.items
          .filter(({ direction, text }) => direction === 'out' && text.startsWith(method))
          .map(({ text }) => text);
      expect(sent('ACK')).toHaveLength(acks);
      expect(/^To:.*;tag=/m.test(sent('BYE')[0] ?? '')).toBe(acks > 1);
    },
  );
});
