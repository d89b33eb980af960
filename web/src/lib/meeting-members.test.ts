import { describe, expect, test } from 'vitest';
import { countPeople, MAX_PEOPLE, MAX_PICTURES, type Member, Roster, tileMembers } from './meeting-members.ts';
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
  streams: [],
  ...more,
});

describe('Roster', () => {
  test('without their own word members are as their streams are declared', () => {
    const roster = new Roster();
    roster.setEndpoints([
      entry('a', { streams: [stream('s')] }),
      entry('b', { streams: [stream('t', { has_video: false })] }),
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
    roster.setEndpoints([entry('a', { streams: [stream('s')] })]);
    expect(roster.list()).toMatchObject([{ endpoint: 'a', name: 'Ann', audio: false, video: true }]);
    roster.setState('a', { name: 'Ann', audio: true, video: true });
    expect(roster.list()).toMatchObject([{ audio: true }]);
  });

  test('each stream of an endpoint is there; what its owner says is of the first', () => {
    const roster = new Roster();
    roster.setState('a', { name: 'Ann', audio: false, video: false });
    roster.setEndpoints([entry('a', { streams: [stream('cam'), stream('desk', { type: 'desktop' })] }), entry('b')]);
    expect(roster.list().map((each) => [each.name, each.stream?.stream_id, each.video])).toEqual([
      ['Ann', 'cam', false],
      ['Ann', 'desk', true],
      ['b', undefined, false],
    ]);
    expect(new Set(roster.list().map(({ key }) => key)).size).toBe(3);
    expect(countPeople(roster.list())).toBe(2);
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
    key: endpoint,
    endpoint,
    device: 'd',
    role: 'normal',
    name: endpoint,
    audio: true,
    video: true,
    stream: stream(endpoint),
    ...more,
  });
  const screen = (endpoint: string) => member(endpoint, { stream: stream(endpoint, { type: 'desktop' }) });
  const camera = (endpoint: string) => member(endpoint, { role: 'camera' });
  const several = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, i) => make(i));
  const namesOf = (members: readonly Member[]) => members.map(({ endpoint }) => endpoint);

  test('neither recorders nor oneself', () => {
    const { shown, hidden } = tileMembers(
      [member('me'), screen('me-screen'), member('r', { role: 'recorder' }), member('a')],
      new Set(['me', 'me-screen']),
    );
    expect(namesOf(shown)).toEqual(['a']);
    expect(hidden).toBe(0);
  });

  test('in a full room a screen and a camera take nobody’s place', () => {
    const people = several(MAX_PEOPLE, (index) => member(`p${index}`));
    const room = [...people, screen('p3-screen'), camera('door')];
    const { shown, hidden } = tileMembers(room, new Set(['p0']));
    expect(namesOf(shown)).toEqual(namesOf(room.slice(1)));
    expect(hidden).toBe(0);
    expect(countPeople(room)).toBe(MAX_PEOPLE);
  });

  test('when there are too many people: those who send, in the order of the room; the others are counted', () => {
    const silent = several(10, (index) => member(`silent${index}`, { stream: undefined }));
    const sending = several(10, (index) => member(`send${index}`));
    const { shown, hidden } = tileMembers([...silent, ...sending], new Set());
    expect(namesOf(shown)).toEqual([...namesOf(silent.slice(0, 5)), ...namesOf(sending)]);
    expect(hidden).toBe(5);
  });

  test('pictures are bounded too, screens before cameras; the others are counted', () => {
    const room = [...several(MAX_PICTURES + 3, (index) => camera(`cam${index}`)), screen('a-screen'), member('a')];
    const { shown, hidden } = tileMembers(room, new Set());
    expect(shown).toHaveLength(MAX_PICTURES + 1);
    expect(namesOf(shown).slice(-2)).toEqual(['a-screen', 'a']);
    expect(hidden).toBe(4);
  });

  test('the second picture of somebody is no second person', () => {
    const second = member('a', { key: 'a second', stream: stream('s2') });
    const people = several(MAX_PEOPLE - 2, (index) => member(`p${index}`));
    const { shown, hidden } = tileMembers([member('a'), second, ...people], new Set());
    expect(shown).toHaveLength(MAX_PEOPLE);
    expect(hidden).toBe(0);
    expect(countPeople([member('a'), second])).toBe(1);
  });
});
