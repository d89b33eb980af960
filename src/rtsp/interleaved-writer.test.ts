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

class FakeSocket {
  writableLength = 0;
  bytesWritten = 0;

  write(data: Uint8Array): boolean {
    this.writableLength += data.length;
    this.bytesWritten += data.length;
    return true;
  }

  drain(): void {
    this.writableLength = 0;
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
  expect(socket.writableLength).toBeLessThan(MAX_WAITING_BYTES + 65_536);
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

test('a reader that takes nothing is given up once; one that takes a little is not', () => {
  const { socket, seen, writer, send } = scene();
  writer.setPlaying(true);
  send(true);
  writer.tick();
  for (let second = 1; second <= 60; second += 1) {
    seen.nowMs = second * 1000;
    socket.writableLength -= 10;
    writer.tick();
  }
  expect(seen.stuck).toBe(0);
  for (let second = 0; second <= (STUCK_MS / 1000) * 2; second += 1) {
    seen.nowMs += 1000;
    writer.tick();
  }
  expect(seen.stuck).toBe(1);
  send(true);
  expect(socket.bytesWritten).toBe(60_004);
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
