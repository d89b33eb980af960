import { describe, expect, test } from 'vitest';
import { packetOn } from '../../test/support/rtsp-fakes.ts';
import {
  InterleavedWriter,
  KEY_FRAME_RETRY_MS,
  MAX_WAITING_BYTES,
  SOUND_ALONE_MS,
  STUCK_MS,
} from './interleaved-writer.ts';
import { selectPackets, type ChannelMap } from './interleaved.ts';

/** Tells of progress as Node's sockets do: by whole batches, what was written meanwhile being the next one. */
class FakeSocket {
  writableLength = 0;
  bytesWritten = 0;
  readonly packets: Uint8Array[] = [];
  #batch: { bytes: number; left: number; done: (() => void)[] } | undefined;
  #next: { bytes: number; done: (() => void)[] } = { bytes: 0, done: [] };

  write(data: Uint8Array, done: () => void = () => undefined): boolean {
    this.packets.push(data);
    this.writableLength += data.length;
    this.bytesWritten += data.length;
    this.#next.bytes += data.length;
    this.#next.done.push(done);
    if (this.#batch === undefined) this.#begin();
    return false;
  }

  /** The peer takes so much. */
  take(bytes: number): void {
    for (let left = bytes; left > 0 && this.#batch !== undefined;) {
      const taken = Math.min(left, this.#batch.left);
      left -= taken;
      this.#batch.left -= taken;
      if (this.#batch.left > 0) return;
      const ended = this.#batch;
      this.writableLength -= ended.bytes;
      this.#batch = undefined;
      if (this.#next.bytes > 0) this.#begin();
      for (const done of ended.done) done();
    }
  }

  drain(): void {
    this.take(Number.POSITIVE_INFINITY);
  }

  #begin(): void {
    this.#batch = { ...this.#next, left: this.#next.bytes };
    this.#next = { bytes: 0, done: [] };
  }
}

function scene(channels: ChannelMap = { video: [0, 1] }) {
  const socket = new FakeSocket();
  const seen = { stuck: 0, keyFrames: 0, nowMs: 0 };
  const writer = new InterleavedWriter({
    socket,
    channels,
    requestKeyFrame: () => (seen.keyFrames += 1),
    onStuck: () => (seen.stuck += 1),
    now: () => seen.nowMs,
  });
  const send = (keyFrame: boolean, bytes = 60_000): void => {
    writer.onFrames({ data: new Uint8Array(packetOn(0, Buffer.alloc(bytes))), keyFrame });
  };
  return { socket, seen, writer, send };
}

test('starts with a key frame, pauses, goes on with one', () => {
  const { socket, writer, send } = scene();
  send(true);
  expect(socket.bytesWritten).toBe(0);
  writer.setPlaying(true);
  send(false);
  expect([socket.bytesWritten, writer.dropped]).toEqual([0, 1]);
  send(true);
  send(false);
  expect(socket.bytesWritten).toBe(120_008);
  writer.setPlaying(false);
  send(true);
  writer.setPlaying(true);
  send(false);
  expect(socket.bytesWritten).toBe(120_008);
});

test('a slow reader: bounded; a key frame is asked for when there is room for it, and again when none comes', () => {
  const { socket, seen, writer, send } = scene();
  writer.setPlaying(true);
  send(true);
  for (let frame = 0; frame < 1000; frame += 1) send(frame % 10 === 0);
  expect((1001 - writer.dropped) * 60_004).toBeLessThan(MAX_WAITING_BYTES + 65_536);
  seen.nowMs = KEY_FRAME_RETRY_MS;
  send(false);
  expect([seen.keyFrames, writer.dropped > 900]).toEqual([0, true]);
  socket.drain();
  send(false);
  send(false);
  expect([socket.writableLength, seen.keyFrames]).toEqual([0, 1]);
  seen.nowMs += KEY_FRAME_RETRY_MS;
  send(false);
  expect(seen.keyFrames).toBe(2);
  send(true);
  send(false);
  expect(socket.writableLength).toBe(120_008);
});

test('sound alone flows after a while without any picture, and both start together with the next', () => {
  const { socket, seen, writer, send } = scene({ video: [0, 1], audio: [2, 3] });
  const sound = { data: new Uint8Array(packetOn(2, Buffer.alloc(96))), keyFrame: false };
  writer.setPlaying(true);
  seen.nowMs = SOUND_ALONE_MS - 1;
  writer.onFrames(sound);
  send(false);
  seen.nowMs += SOUND_ALONE_MS - 1;
  writer.onFrames(sound);
  expect(socket.bytesWritten).toBe(0);
  seen.nowMs += 1;
  writer.onFrames(sound);
  expect(socket.bytesWritten).toBe(100);
  send(false);
  expect(socket.bytesWritten).toBe(100);
  send(true);
  writer.onFrames(sound);
  expect(socket.bytesWritten).toBe(60_204);
});

test('a reader that takes little gets key frames, and is not given up', () => {
  const { socket, seen, writer, send } = scene();
  writer.setPlaying(true);
  let most = 0;
  for (let tenth = 0; tenth < 1200; tenth += 1) {
    seen.nowMs = tenth * 100;
    // Two seconds from key frame to key frame, 4 Mbit/s, of which a link takes 0.24.
    send(tenth % 20 === 0, 50_000);
    socket.take(3000);
    most = Math.max(most, socket.writableLength);
    if (tenth % 10 === 0) writer.tick();
  }
  expect(seen.stuck).toBe(0);
  // What the socket has is told in pieces of which each goes in less than the time after which a reader is given up.
  expect(most).toBeLessThan(250_000);
  expect(1200 - writer.dropped).toBeLessThan(100);
  expect(socket.packets.length).toBeGreaterThan(60);
});

test('a reader that takes nothing is given up once', () => {
  const { socket, seen, writer, send } = scene();
  writer.setPlaying(true);
  send(true);
  for (let second = 0; second <= (STUCK_MS / 1000) * 2; second += 1) {
    seen.nowMs += 1000;
    writer.tick();
  }
  expect(seen.stuck).toBe(1);
  send(true);
  expect(socket.bytesWritten).toBe(60_004);
});

test('a pause takes what waits behind the socket away', () => {
  const { socket, writer, send } = scene();
  writer.setPlaying(true);
  for (let frame = 0; frame < 10; frame += 1) send(frame === 0);
  const written = socket.bytesWritten;
  expect(written).toBeLessThan(300_000);
  writer.setPlaying(false);
  socket.drain();
  expect(socket.bytesWritten).toBe(written);
  writer.setPlaying(true);
  send(true);
  expect(socket.bytesWritten).toBe(written + 60_004);
});

test('what waits goes on where only answers of the connection were in the way', () => {
  const { socket, writer, send } = scene();
  socket.write(new Uint8Array(200_000));
  writer.setPlaying(true);
  send(true);
  expect(socket.bytesWritten).toBe(200_000);
  socket.drain();
  writer.tick();
  expect(socket.bytesWritten).toBe(260_004);
});

describe('selectPackets', () => {
  const video = packetOn(0, Buffer.from('aa', 'hex'));
  const report = packetOn(1, Buffer.from('bbbb', 'hex'));
  const audio = packetOn(2, Buffer.from('cc', 'hex'));
  const all = new Uint8Array(Buffer.concat([video, report, audio]));

  test('all as it is: the same memory', () => {
    expect(selectPackets(all, { video: [0, 1], audio: [2, 3] })).toBe(all);
  });

  test.each([
    ['video only', { video: [0, 1] as const }, [video, report]],
    ['audio only, elsewhere', { audio: [0, 1] as const }, [packetOn(0, Buffer.from('cc', 'hex'))]],
    ['nothing', {}, []],
  ])('%s', (_name, channels, packets) => {
    expect(Buffer.from(selectPackets(all, channels))).toEqual(Buffer.concat(packets));
  });

  test('what is shorter than it says', () => {
    expect(selectPackets(all.subarray(0, 9), { audio: [0, 1] })).toHaveLength(0);
    expect(selectPackets(new Uint8Array([0x24, 0, 0xff, 0xff]), { video: [8, 9] }).length).toBeLessThanOrEqual(4);
  });
});
