import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { mutateText, seededRandom } from '../../../test/support/mutate.ts';
import { FakeTapSource, packetOn } from '../../../test/support/rtsp-fakes.ts';
import { FailureLimit, silentLogger } from '../../util/index.ts';
import { RtspConnection } from '../connection.ts';

const NOBODY = { username: '', password: '', checkToken: async () => false };
const SDP = [
  'v=0',
  's=x',
  'm=video 0 RTP/AVP 96',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 sprop-parameter-sets=Z0LAKA==,aMuD',
  'a=control:streamid=0',
  'm=audio 0 RTP/AVP 8',
  'a=control:streamid=1',
  '',
].join('\r\n');
const URL_ = 'rtsp://h/live/a';
const ANNOUNCE = `ANNOUNCE ${URL_} RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`;
const SETUP = `SETUP ${URL_}/streamid=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n\r\n`;
const record = (session: string): string => `RECORD ${URL_} RTSP/1.0\r\nCSeq: 3\r\nSession: ${session}\r\n\r\n`;
const PACKETS = Buffer.concat(
  [0, 1, 2, 0].map((channel) => packetOn(channel, Buffer.alloc(20 + channel, 0x80))),
).toString('latin1');

/** As much of a socket as a connection uses. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress = '::ffff:192.0.2.9';
  readonly localAddress = '192.0.2.1';
  writableLength = 0;
  bytesWritten = 0;
  destroyed = false;
  written = '';

  /** Milliseconds of silence until the system asks whether the peer is still there. */
  keepAliveMs = 0;

  setNoDelay(): void {}

  setKeepAlive(enable: boolean, initialDelayMs: number): void {
    this.keepAliveMs = enable ? initialDelayMs : 0;
  }

  write(data: string | Uint8Array): boolean {
    if (typeof data === 'string') this.written += data;
    return true;
  }

  end(data: string): void {
    this.write(data);
    this.destroy();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const sessionOf = (text: string): string => /Session: ([0-9a-f]+)/.exec(text)?.[1] ?? 'none';

test('120,000 changed dialogues of publishers: answers or an end, and nothing stays open', async () => {
  const random = seededRandom(2326);
  const seeds = [ANNOUNCE, `${ANNOUNCE}${SETUP}`, SETUP, `${PACKETS}${record('none')}`, PACKETS];
  let [answers, ended, recorded] = [0, 0, 0];
  const streams = new FakeTapSource();
  const count = (socket: FakeSocket): void => {
    answers += socket.written.split('RTSP/1.0 ').length - 1;
    if (socket.destroyed) ended += 1;
    if (socket.keepAliveMs !== 30_000) expect.fail('a peer that vanishes is not found out');
  };
  for (let round = 0; round < 120_000; round += 1) {
    const socket = new FakeSocket();
    const connection = new RtspConnection(socket as unknown as Socket, {
      streams,
      auth: { enable: false, ...NOBODY, publish: NOBODY },
      failures: new FailureLimit(30),
      sessionTimeoutMs: 60_000,
      now: () => 0,
      onClosed: () => undefined,
      log: silentLogger,
    });
    const healthy = round % 8 === 0;
    if (healthy) {
      socket.emit('data', Buffer.from(`${ANNOUNCE}${SETUP}`));
      await Promise.resolve();
      while (!socket.written.includes('Session:')) await new Promise((resolve) => setImmediate(resolve));
      socket.emit('data', Buffer.from(record(sessionOf(socket.written))));
    }
    socket.emit('data', Buffer.from(mutateText(seeds[round % seeds.length] ?? '', random), 'latin1'));
    if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (healthy && socket.written.includes('RTSP/1.0 200 OK\r\nCSeq: 3')) recorded += 1;
    count(socket);
    connection.close();
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(streams.publications.filter(({ closed }) => !closed)).toEqual([]);
  expect(streams.taps.filter(({ closed }) => !closed)).toEqual([]);
  expect(streams.publications.length).toBeGreaterThan(10_000);
  expect(answers).toBeGreaterThan(40_000);
  expect(ended).toBeGreaterThan(1000);
  expect(recorded).toBeGreaterThan(100);
});
