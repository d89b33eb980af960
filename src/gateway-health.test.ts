import { expect, test } from 'vitest';
import { healthOf } from './gateway-health.ts';

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
