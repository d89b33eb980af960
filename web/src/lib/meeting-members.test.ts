import { describe, expect, test } from 'vitest';
import { MAX_TILES, type Member, Roster, tileMembers } from './meeting-members.ts';
import type { MeetingEndpoint, MeetingStream } from './meeting-protocol.ts';

const stream = (id: string, more: Partial<MeetingStream> = {}): MeetingStream => ({
  stream_id: id,
  type: 'camera',
  has_video: true,
  has_audio: true,
  audio_codec: 'opus',
  video_codec: 'vp8',
  ...more,
});
const entry = (endpoint: string, more: Partial<MeetingEndpoint> = {}): MeetingEndpoint => ({
  endpoint,
  device: 'd',
  role: 'normal',
  ...more,
});

describe('Roster', () => {
  test('without their own word members are as their streams are declared', () => {
    const roster = new Roster();
    roster.setEndpoints([
      entry('a', { stream: stream('s') }),
      entry('b', { stream: stream('t', { has_video: false }) }),
      entry('c'),
    ]);
    expect(roster.list().map(({ name, audio, video }) => [name, audio, video])).toEqual([
      ['a', true, true],
      ['b', true, false],
      ['c', false, false],
    ]);
  });

  test('a state may overtake the list, and tells what is muted', () => {
    const roster = new Roster();
    roster.setState('a', { type: 'state', name: 'Ann', audio: false, video: true });
    roster.setEndpoints([entry('a', { stream: stream('s') })]);
    expect(roster.list()).toMatchObject([{ endpoint: 'a', name: 'Ann', audio: false, video: true }]);
    roster.setState('a', { name: 'Ann', audio: true, video: true });
    expect(roster.list()).toMatchObject([{ audio: true }]);
  });

  test('nobody sends a picture by saying so', () => {
    const roster = new Roster();
    roster.setState('a', { name: 'Ann', audio: true, video: true });
    roster.setEndpoints([entry('a')]);
    expect(roster.list()).toMatchObject([{ audio: false, video: false, stream: undefined }]);
  });

  test.each([
    { name: '  Ann\u0000\nB ', shown: 'Ann  B' },
    { name: 'x'.repeat(10_000), shown: 'x'.repeat(60) },
    { name: '<b>Ann</b>', shown: '<b>Ann</b>' },
    { name: ' ', shown: 'a' },
    { name: 7, shown: 'a' },
  ])('the name %j', ({ name, shown }) => {
    const roster = new Roster();
    roster.setState('a', { name });
    expect(roster.nameOf('a')).toBe(shown);
  });

  test('who leaves is forgotten, and what members say is bounded', () => {
    const roster = new Roster();
    roster.setEndpoints([entry('a'), entry('b')]);
    roster.setState('a', { name: 'Ann' });
    roster.remove('a');
    expect(roster.list().map(({ endpoint }) => endpoint)).toEqual(['b']);
    expect(roster.nameOf('a')).toBe('a');
    roster.setState('first', { name: 'First' });
    for (let index = 0; index < 1000; index++) roster.setState(`e${index}`, { name: 'E' });
    expect(roster.nameOf('first')).toBe('first');
    expect(roster.nameOf('e999')).toBe('E');
  });
});

describe('tileMembers', () => {
  const member = (endpoint: string, more: Partial<Member> = {}): Member => ({
    ...entry(endpoint),
    name: endpoint,
    audio: true,
    video: true,
    stream: stream(endpoint),
    ...more,
  });

  test('neither recorders nor oneself', () =>
    expect(
      tileMembers([member('me'), member('r', { role: 'recorder' }), member('a')], new Set(['me'])).map(
        ({ endpoint }) => endpoint,
      ),
    ).toEqual(['a']));

  test('when there are too many: screens and those who send, in the order of the room', () => {
    const silent = Array.from({ length: 10 }, (_, index) => member(`silent${index}`, { stream: undefined }));
    const sending = Array.from({ length: 20 }, (_, index) => member(`send${index}`));
    const screen = member('screen', { stream: stream('x', { type: 'desktop' }) });
    const shown = tileMembers([...silent, ...sending, screen], new Set());
    expect(shown).toHaveLength(MAX_TILES - 1);
    expect(shown[0]?.endpoint).toBe('send0');
    expect(shown.at(-1)?.endpoint).toBe('screen');
  });
});
