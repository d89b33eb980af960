import { describe, expect, test } from 'vitest';
import { healthOf, metricsOf } from './gateway-health.ts';

const UDP = { protocol: 'udp' as const, address: '0.0.0.0', port: 5060 };
const TCP = { protocol: 'tcp' as const, address: '0.0.0.0', port: 5060 };

const cases = [
  { name: 'every socket of SIP is open', listening: [UDP, TCP], problems: [] },
  { name: 'one is lost', listening: [UDP], problems: ['SIP does not listen any more on tcp 0.0.0.0:5060'] },
  { name: 'all are lost', listening: [], problems: ['SIP does not listen'] },
];

test.each(cases)('health: $name', ({ listening, problems }) => {
  const health = healthOf({
    webrtc: { workersTotal: 2, workersUp: 2 },
    media: { threadsTotal: 1, threadsMissing: 0 },
    threads: { threadsMissing: 0 },
    platform: { listening },
    sipListening: [UDP, TCP],
  });
  expect(health).toEqual({ ok: problems.length === 0, problems });
});

describe('metrics', () => {
  const REFUSED = { too_many_connections: 0, too_many_of_source: 2, too_many_websockets: 0, held_bytes: 0 };
  const WORKER = {
    index: 0,
    pid: 4711,
    port: 8000,
    up: true,
    viewers: 0,
    feeds: 0,
    routers: 0,
    cpuSeconds: 1.5,
    maxRssBytes: 1024,
    restarts: 0,
  };
  const calls = { connected: true, written: 1, pending: 2, spooledBytes: 3, dropped: 4 };
  const parts = {
    webrtc: { usage: async () => [WORKER] },
    media: { usage: () => [{ id: '0', cpuSeconds: 0.5, ingests: 2, residentBytes: 2048 }] },
    supervision: { usage: () => [{ kind: 'worker' as const, deaths: 1, missing: 0 }] },
    calls: { usage: () => calls },
    pms: undefined,
    rooms: { hub: { refused: REFUSED } },
  };
  const figures = {
    workers: [{ id: '0', cpuSeconds: 1.5, residentBytes: 1024 }],
    mediaThreads: [{ id: '0', cpuSeconds: 0.5, ingests: 2, residentBytes: 2048 }],
    supervised: [{ kind: 'worker', deaths: 1, missing: 0 }],
    calls,
    refusedConnections: REFUSED,
  };

  test('without pms have nothing of it', async () => expect(await metricsOf(parts)).toEqual(figures));

  test('of pms are its connections and sessions, and what it refused with what the rooms did', async () => {
    const refused = { ...REFUSED, too_many_of_source: 4, held_bytes: 1 };
    expect(await metricsOf({ ...parts, pms: { connections: 3, sessions: 5, refused } })).toEqual({
      ...figures,
      pms: { connections: 3, sessions: 5 },
      refusedConnections: { ...REFUSED, too_many_of_source: 6, held_bytes: 1 },
    });
  });

  test('are there without a worker that dies while it is asked', async () => {
    const webrtc = { usage: () => Promise.reject(new Error('dead')) };
    expect(await metricsOf({ ...parts, webrtc })).toEqual({ ...figures, workers: [] });
  });
});
