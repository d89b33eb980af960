import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortsExhaustedError } from './errors.ts';
import { PortPool } from './port-pool.ts';

function pool(portMin: number, portMax: number, quarantineMs = 1000): { pool: PortPool; clock: { ms: number } } {
  const clock = { ms: 0 };
  return { pool: new PortPool({ portMin, portMax, quarantineMs, now: () => clock.ms }), clock };
}

test.each([
  { name: 'even bounds', min: 30000, max: 30004, ports: [30000, 30002, 30004] },
  { name: 'odd lower bound starts at the next even port', min: 30001, max: 30004, ports: [30002, 30004] },
  { name: 'odd upper bound', min: 30000, max: 30003, ports: [30000, 30002] },
  { name: 'one port', min: 30000, max: 30000, ports: [30000] },
  { name: 'no even port', min: 30001, max: 30001, ports: [] },
])('take gives the even ports once: $name', ({ min, max, ports }) => {
  const { pool: subject } = pool(min, max);
  expect(subject.capacity).toBe(ports.length);
  expect(ports.map(() => subject.take())).toEqual(ports);
  expect(() => subject.take()).toThrow(PortsExhaustedError);
});

test('exhaustion names both numbers and a stable code', () => {
  const { pool: subject } = pool(30000, 30003);
  subject.take();
  subject.take();
  expect(() => subject.take()).toThrow('no free media port: 2 of 2 even ports are taken or in quarantine');
  expect(new PortsExhaustedError(2, 2).code).toBe('no_media_port');
});

test('quirk: a freed port rests in quarantine before it is given out again', () => {
  const { pool: subject, clock } = pool(30000, 30000, 1000);
  const port = subject.take();
  subject.release(port);
  clock.ms = 999;
  expect(() => subject.take()).toThrow(PortsExhaustedError);
  clock.ms = 1000;
  expect(subject.take()).toBe(port);
});

test('release is idempotent and does not shorten or start a quarantine of a port that is not taken', () => {
  const { pool: subject, clock } = pool(30000, 30002, 1000);
  const port = subject.take();
  subject.release(port);
  clock.ms = 900;
  subject.release(port);
  subject.release(31000);
  clock.ms = 1000;
  expect(subject.used).toBe(0);
});

test('a port of another process is skipped for at least half a minute', () => {
  const { pool: subject, clock } = pool(30000, 30000, 10);
  subject.markForeign(subject.take());
  clock.ms = 29_999;
  expect(() => subject.take()).toThrow(PortsExhaustedError);
  clock.ms = 30_000;
  expect(subject.take()).toBe(30000);
});

test('property: never two holders of one port, never a resting one', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ take: fc.boolean(), wait: fc.nat(400) }), { maxLength: 200 }), (steps) => {
      const { pool: subject, clock } = pool(30000, 30009, 500);
      const taken: number[] = [];
      const freedAt = new Map<number, number>();
      for (const step of steps) {
        clock.ms += step.wait;
        const oldest = taken[0];
        if (step.take) {
          if (taken.length === 5 || subject.used === 5) continue;
          const port = subject.take();
          expect(taken).not.toContain(port);
          expect(clock.ms - (freedAt.get(port) ?? -500)).toBeGreaterThanOrEqual(500);
          taken.push(port);
        } else if (oldest !== undefined) {
          subject.release(oldest);
          freedAt.set(oldest, clock.ms);
          taken.shift();
        }
      }
    }),
  );
});
