import { describe, expect, test } from 'vitest';
import { checkStreamName, shortStreamName, splitStreamName, suggestStreamName } from './stream-name.ts';

test.each([
  { text: 'desk', result: { name: 'live/desk' } },
  { text: '  desk ', result: { name: 'live/desk' } },
  { text: 'room/大屏', result: { name: 'room/大屏' } },
  { text: 'a.b_c-d', result: { name: 'live/a.b_c-d' } },
  { text: '', result: { problem: 'empty' } },
  { text: 'room/', result: { problem: 'empty' } },
  { text: '/desk', result: { problem: 'empty' } },
  { text: 'a/b/c', result: { problem: 'parts' } },
  { text: 'my desk', result: { problem: 'characters' } },
  { text: 'desk?', result: { problem: 'characters' } },
  { text: 'de%73k', result: { problem: 'characters' } },
  { text: 'a\\b', result: { problem: 'characters' } },
  { text: '..', result: { problem: 'characters' } },
  { text: 'live/.', result: { problem: 'characters' } },
  { text: 'zero\u200Bwidth', result: { problem: 'characters' } },
  { text: 'x'.repeat(161), result: { problem: 'long' } },
  { text: 'x'.repeat(160), result: { name: `live/${'x'.repeat(160)}` } },
])('checkStreamName $text', ({ text, result }) => expect(checkStreamName(text)).toEqual(result));

describe('names', () => {
  test('split and shortened', () => {
    expect(splitStreamName('room/screen')).toEqual({ app: 'room', name: 'screen' });
    expect(splitStreamName('screen')).toEqual({ app: 'live', name: 'screen' });
    expect([shortStreamName('live/desk'), shortStreamName('room/desk')]).toEqual(['desk', 'room/desk']);
  });

  test('a suggestion is a valid name', () => {
    for (const value of [0, 0.5, 0.9999]) {
      expect(checkStreamName(suggestStreamName(() => value))).toHaveProperty('name');
    }
  });
});
