import { expect, test } from 'vitest';
import type { Logger } from '../util/index.ts';
import { logEvidence } from './evidence-log.ts';
import type { PlayRecord } from './types.ts';

function recorder(): {
  log: Logger;
  lines: [level: string, message: string, fields: Readonly<Record<string, unknown>>][];
} {
  const lines: [string, string, Readonly<Record<string, unknown>>][] = [];
  const at =
    (level: string) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      lines.push([level, message, fields]);
    };
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return { log, lines };
}

const PLAY: PlayRecord = {
  id: 'p1',
  stream: 'live/a_b',
  deviceId: 'a',
  channelId: 'b',
  startedAt: 0,
  state: 'opening',
  callIds: ['c1'],
  timeline: [{ stage: 'requested', at: 0, afterMs: 0 }],
};

const cases = [
  { name: 'a step', stage: 'first_rtp', state: 'opening', level: 'debug' },
  { name: 'the picture', stage: 'playing', state: 'playing', level: 'info' },
  { name: 'another transport', stage: 'fallback', state: 'opening', level: 'info' },
  { name: 'the end', stage: 'closed', state: 'closed', level: 'info' },
  { name: 'a viewer leaving', stage: 'closed', state: 'playing', viewerId: 'v', level: 'debug' },
  { name: "a viewer's failure", stage: 'failed', state: 'playing', viewerId: 'v', level: 'debug' },
] as const;

test.each(cases)('$name is logged as $level', ({ stage, state, level, ...rest }) => {
  const { log, lines } = recorder();
  const entry = { stage, at: 5, afterMs: 5, ...('viewerId' in rest ? { viewerId: rest.viewerId } : {}) };
  logEvidence(log, { ...PLAY, state, timeline: [...PLAY.timeline, entry] });
  expect(lines.map(([as]) => as)).toEqual([level]);
});

test('a failed play is a warning with its reason and everything that led to it', () => {
  const { log, lines } = recorder();
  logEvidence(log, {
    ...PLAY,
    state: 'failed',
    failure: { code: 'no_rtp', message: 'nothing arrived' },
    timeline: [...PLAY.timeline, { stage: 'ok', at: 20, afterMs: 20 }, { stage: 'failed', at: 5020, afterMs: 5020 }],
  });
  expect(lines).toMatchObject([
    ['warn', 'play failed', { code: 'no_rtp', timeline: 'requested 0, ok 20, failed 5020', callIds: ['c1'] }],
  ]);
});
