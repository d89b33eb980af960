import { EventEmitter } from 'node:events';
import type { types } from 'mediasoup';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PeerWatch } from './peer-transport.ts';

class FakeTransport extends EventEmitter {
  iceState = 'new';
  dtlsState = 'new';

  ice(state: string): void {
    this.iceState = state;
    this.emit('icestatechange', state);
  }

  dtls(state: string): void {
    this.dtlsState = state;
    this.emit('dtlsstatechange', state);
  }
}

let transport: FakeTransport;
let lost: string[];

beforeEach(() => {
  vi.useFakeTimers();
  transport = new FakeTransport();
  lost = [];
  const watch = new PeerWatch(transport as unknown as types.WebRtcTransport, {
    onIce: () => undefined,
    onDtls: () => undefined,
    onLost: (reason) => lost.push(reason),
  });
  watch.expectWithin(10_000, 'ice_failed');
});
afterEach(() => {
  vi.useRealTimers();
});

test('a peer without ICE is given up', () => {
  vi.advanceTimersByTime(10_000);
  expect(lost).toEqual(['ice_failed']);
});

test('a peer with ICE that begins no DTLS is given up after 15 s', () => {
  vi.advanceTimersByTime(9000);
  transport.ice('connected');
  vi.advanceTimersByTime(14_999);
  expect(lost).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(lost).toEqual(['dtls_failed']);
});

test('a peer with both is not, and one that returns within 5 s neither', () => {
  transport.ice('connected');
  transport.dtls('connecting');
  transport.dtls('connected');
  vi.advanceTimersByTime(60_000);
  transport.ice('disconnected');
  vi.advanceTimersByTime(4999);
  transport.ice('completed');
  vi.advanceTimersByTime(60_000);
  expect(lost).toEqual([]);
  transport.ice('disconnected');
  vi.advanceTimersByTime(5000);
  expect(lost).toEqual(['ice_disconnected']);
});
