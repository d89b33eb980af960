import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Play, PlayState, TimelineEntry } from '../api/types.ts';
import { buildSteps, currentStage, FAILURES, firstFrameMs, SIDE_STAGES, STAGES } from './timeline.ts';

const entry = (stage: string, afterMs: number, viewerId?: string): TimelineEntry => ({
  stage,
  afterMs,
  at: 1000 + afterMs,
  ...(viewerId && { viewerId }),
});

const play = (state: PlayState, timeline: TimelineEntry[]): Play => ({
  id: 'p1',
  stream: 'live/d_c',
  deviceId: 'd',
  channelId: 'c',
  startedAt: 1000,
  state,
  callIds: [],
  timeline,
});

const opened = [
  'requested',
  'invite_sent',
  'ok',
  'first_rtp',
  'ssrc_ok',
  'first_pack',
  'codec',
  'first_key_frame',
  'producer',
];
const openedEntries = opened.map((stage, index) => entry(stage, index * 10));

describe('buildSteps', () => {
  test('while opening, the next stage is current and the rest is missing; stages of the browser wait for a viewer', () => {
    const steps = buildSteps(play('opening', openedEntries.slice(0, 2)), undefined);
    expect(steps.map(({ stage, state }) => `${stage}:${state}`)).toEqual([
      'requested:done',
      'invite_sent:done',
      'ok:current',
      'first_rtp:missing',
      'ssrc_ok:missing',
      'first_pack:missing',
      'codec:missing',
      'first_key_frame:missing',
      'producer:missing',
    ]);
  });

  test('a failed play shows what never came', () => {
    const steps = buildSteps(play('failed', [...openedEntries.slice(0, 3), entry('failed', 5020)]), undefined);
    expect(steps[3]).toMatchObject({ stage: 'failed', state: 'failed', tookMs: 5000 });
    expect(steps[4]).toMatchObject({ stage: 'first_rtp', state: 'missing' });
  });

  test('entries of other viewers are left out', () => {
    const steps = buildSteps(
      play('playing', [...openedEntries, entry('ice', 200, 'other'), entry('ice', 300, 'me')]),
      'me',
    );
    expect(steps.filter(({ stage }) => stage === 'ice')).toEqual([expect.objectContaining({ afterMs: 300 })]);
  });

  test('states on the way of ICE and DTLS are no steps', () => {
    const states = [
      { ...entry('ice', 200, 'me'), detail: 'connected' },
      { ...entry('dtls', 201, 'me'), detail: 'connecting' },
      { ...entry('dtls', 210, 'me'), detail: 'connected' },
      { ...entry('ice', 220, 'me'), detail: 'completed' },
    ];
    const steps = buildSteps(play('playing', [...openedEntries, ...states]), 'me');
    expect(steps.filter(({ state }) => state === 'done').slice(-2)).toEqual([
      expect.objectContaining({ stage: 'ice', afterMs: 200 }),
      expect.objectContaining({ stage: 'dtls', afterMs: 210 }),
    ]);
  });

  test('a stage that was passed silently is not waited for', () => {
    const steps = buildSteps(play('opening', [entry('requested', 0), entry('first_rtp', 40)]), undefined);
    expect(steps.map(({ stage }) => stage)).not.toContain('ok');
  });

  test('a closed play waits for nothing', () => {
    expect(buildSteps(play('closed', [entry('requested', 0), entry('closed', 9)]), undefined)).toHaveLength(2);
  });

  test('times between the steps', () => {
    expect(buildSteps(play('playing', openedEntries), undefined)[4]).toMatchObject({ afterMs: 40, tookMs: 10 });
  });
});

test('currentStage is the newest stage of the stream itself', () => {
  expect(currentStage(undefined)).toBeUndefined();
  expect(currentStage(play('playing', [...openedEntries, entry('fallback', 95), entry('ice', 99, 'x')]))).toBe(
    'producer',
  );
});

test('firstFrameMs is that of our viewer', () => {
  const timeline = [entry('first_frame', 400, 'a'), entry('first_frame', 700, 'b')];
  expect(firstFrameMs(play('playing', timeline), 'b')).toBe(700);
  expect(firstFrameMs(play('playing', timeline), 'c')).toBeUndefined();
});

/** Members of a string union in the contract of the streams. */
function unionMembers(name: string): string[] {
  const source = readFileSync(new URL('../../../src/stream/types.ts', import.meta.url), 'utf8');
  const body = new RegExp(`type ${name} =([^;]+);`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/'(\w+)'/g)].map(([, member]) => member!);
}

test('every failure and stage of the server is known here', () => {
  expect(unionMembers('PlayFailure').length).toBeGreaterThan(10);
  expect(FAILURES).toEqual(expect.arrayContaining(unionMembers('PlayFailure')));
  expect([...STAGES, ...SIDE_STAGES].toSorted()).toEqual(unionMembers('EvidenceStage').toSorted());
});
