import { beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../util/index.ts';
import { NodeAccess } from './node-access.ts';

const TOKEN = 'node-secret';
const SOURCE = '192.0.2.1';

let now = 0;
let nodes: NodeAccess;
beforeEach(() => {
  now = 0;
  nodes = new NodeAccess(TOKEN, silentLogger, () => now);
});

function guess(times: number, source = SOURCE): boolean[] {
  return Array.from({ length: times }, (_, index) => nodes.check(`guess-${index}`, source));
}

test.each([
  ['the token', TOKEN, TOKEN, true],
  ['another', TOKEN, 'node-secreT', false],
  ['none', TOKEN, undefined, false],
  ['an empty one where none is configured', '', '', false],
])('%s', (_name, configured, given, expected) => {
  expect(new NodeAccess(configured, silentLogger).check(given, SOURCE)).toBe(expected);
});

describe('guesses', () => {
  test('from one source are 30 in a minute; the right token has to wait, too', () => {
    expect(guess(30)).not.toContain(true);
    for (const token of ['guess', TOKEN]) {
      expect(() => nodes.check(token, SOURCE)).toThrow(`too many wrong tokens from ${SOURCE}, wait 60 s`);
    }
    now = 60_000;
    expect(nodes.check(TOKEN, SOURCE)).toBe(true);
  });

  test('of others do not count, those of one IPv6 network do', () => {
    guess(29, '2001:db8:1:2::1');
    guess(1, '2001:db8:1:2::2');
    expect(nodes.check(TOKEN, '2001:db8:1:3::1')).toBe(true);
    expect(() => nodes.check(TOKEN, '2001:db8:1:2::3')).toThrow('too many wrong tokens');
  });

  test('are not forgotten for a right one: it may be that of somebody else behind the same address', () => {
    guess(29);
    expect(nodes.check(TOKEN, SOURCE)).toBe(true);
    guess(1);
    expect(() => nodes.check(TOKEN, SOURCE)).toThrow('too many wrong tokens');
  });
});
