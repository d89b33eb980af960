import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseMessage } from './messages.ts';

const PAGE = readFileSync(new URL('../../docs/protocols/pms.md', import.meta.url), 'utf8');

interface Example {
  readonly method?: string;
  readonly err?: number;
  readonly session?: string;
}

/** Every message of the page, in its order. */
const EXAMPLES = [...PAGE.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
  const texts = block.startsWith('{\n') ? [block] : block.trim().split('\n');
  return texts.map((text) => JSON.parse(text) as Example);
});
const REQUESTS = EXAMPLES.filter(({ err }) => err === undefined);
const REPLIES = EXAMPLES.filter(({ err }) => err !== undefined);

describe('docs/protocols/pms.md', () => {
  test.each(REQUESTS.map((message) => ({ message, method: message.method })))('$method is read', ({ message }) => {
    expect(parseMessage(JSON.stringify(message))).toHaveProperty('request');
  });

  test.each([
    'stream.publish',
    'stream.play',
    'stream.mute',
    'stream.close',
    'stream.shutdown',
    'stream.heartbeat',
    'session.setup',
    'record.start',
    'record.stop',
  ])('has a request and a good reply of %s', (name) => {
    expect(REQUESTS.some(({ method }) => method === name)).toBe(true);
    expect(REPLIES.some(({ method, err }) => method === name && err === 0)).toBe(true);
  });

  test('replies have the whole envelope; those of record.cmdPort are the shorter ones', () => {
    const shapes = new Set(REPLIES.map((reply) => Object.keys(reply).join(' ')));
    const whole = 'version err err_msg session stream method data';
    expect([...shapes].toSorted()).toEqual(['version err err_msg data', whole]);
    for (const reply of REPLIES.filter(({ err }) => err !== 0)) {
      expect(reply).toHaveProperty('data.reason', expect.stringMatching(/^[a-z_]+$/));
    }
  });
});
