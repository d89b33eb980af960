import { expect, test } from 'vitest';
import { freePort } from '../support/gateway-process.ts';
import { NativePublisher } from '../support/native-publisher.ts';
import { PmsClient, type PmsMessage } from '../support/pms-client.ts';
import { eventually, Scene } from '../support/scene.ts';

const CLIP = {
  profileLevelId: '42e01f',
  pictures: [
    { keyFrame: true, nalus: ['6742e01f95a014016e40', '68ce3c80', '65888400'].map((hex) => Buffer.from(hex, 'hex')) },
  ],
};
/** Longer than a peer leaves between two checks of its consent (RFC 7675 §5.1): those are no media. */
const FIRST_PACKET_SEC = 8;
const SILENCE_SEC = 5;
const REPORT_EVERY_MS = 200;

interface Published {
  readonly client: PmsClient;
  readonly sender: NativePublisher;
  readonly reply: PmsMessage;
}

async function publish(scene: Scene, url: string, stream: string): Promise<Published> {
  const client = scene.keep(await PmsClient.connect(url), async (open) => open.close());
  const sender = scene.keep(new NativePublisher(CLIP), async (open) => open.close());
  const sdp = await sender.offer();
  const reply = await client.ask({ version: '1.0', method: 'stream.publish', stream, session: '', data: { sdp } });
  return { client, sender, reply };
}

const answerOf = ({ reply }: Published): string => String(reply.data['sdp']);

test('a publisher that connects and never sends, or stops, is told, and its name is free; one that reports stays', async () => {
  await using scene = new Scene();
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}/`;
  const timeouts = { 'first-packet-timeout': `${FIRST_PACKET_SEC}s`, 'silence-timeout': `${SILENCE_SEC}s` };
  const gateway = await scene.gateway({ config: { pms: { port, republish: 'refuse' }, webrtc: timeouts } });

  const reporting = await publish(scene, url, 'reporting');
  await reporting.sender.connect(answerOf(reporting));
  const reports = setInterval(() => reporting.sender.report(), REPORT_EVERY_MS);
  scene.keep(reports, async (timer) => clearInterval(timer));
  const stopping = await publish(scene, url, 'stopping');
  await stopping.sender.answer(answerOf(stopping));
  const silent = await publish(scene, url, 'silent');
  await silent.sender.connect(answerOf(silent));
  const connectedAt = performance.now();

  const closed = { err: 1, method: 'stream.close' };
  expect(await silent.client.next(30_000)).toMatchObject({
    ...closed,
    stream: 'silent',
    err_msg: 'publish ended: no_media',
    data: { reason: 'no_media' },
  });
  expect(performance.now() - connectedAt).toBeGreaterThan(FIRST_PACKET_SEC * 1000 - 500);
  await eventually('the end of its connection', () => (silent.sender.open ? undefined : true));
  expect((await publish(scene, url, 'silent')).reply).toMatchObject({ err: 0 });

  expect(stopping.client.waiting).toBe(0);
  expect(stopping.sender.packets).toBeGreaterThan(100);
  stopping.sender.fallSilent();
  expect(await stopping.client.next(30_000)).toMatchObject({ ...closed, data: { reason: 'media_lost' } });

  expect(reporting.client.waiting).toBe(0);
  const { items } = await gateway.json<{ items: { stream: string }[] }>('GET', '/api/v1/plays');
  const first = (stream: string): unknown => items.findLast((play) => play.stream === `live/${stream}`);
  const failure = { code: 'no_rtp', message: 'no RTP of the publisher at 127.0.0.1 arrived' };
  expect(first('silent')).toMatchObject({ state: 'failed', failure });
  expect(first('stopping')).toMatchObject({ state: 'closed' });
  expect(first('reporting')).toMatchObject({ state: 'playing' });
  const metrics = await (await fetch(`${gateway.base}/metrics`)).text();
  expect(metrics).toContain('gbrtc_publications_ended_total{reason="no_media"} 1');
  expect(metrics).toContain('gbrtc_publications_ended_total{reason="media_lost"} 1');
});
