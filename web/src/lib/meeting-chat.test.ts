import { expect, test } from 'vitest';
import { addChat, type ChatMessage, chatText, MAX_CHAT_HISTORY, MAX_CHAT_TEXT } from './meeting-chat.ts';

test.each([
  { payload: { text: 'hello' }, text: 'hello' },
  { payload: { text: '<img src=x onerror=alert(1)>' }, text: '<img src=x onerror=alert(1)>' },
  { payload: { text: 'two\nlines' }, text: 'two\nlines' },
  { payload: { text: 'a\u202Eb' }, text: 'ab' },
  { payload: { text: 'x'.repeat(10_000) }, text: 'x'.repeat(MAX_CHAT_TEXT) },
  { payload: { text: ' \n' }, text: undefined },
  { payload: { text: 5 }, text: undefined },
  { payload: {}, text: undefined },
])('chatText $payload.text', ({ payload, text }) => expect(chatText(payload)).toBe(text));

test('the history is bounded, its numbers go on', () => {
  let history: ChatMessage[] = [];
  for (let index = 0; index < MAX_CHAT_HISTORY + 50; index++) {
    history = addChat(history, { endpoint: 'a', name: 'Ann', text: `${index}`, at: 0, own: false });
  }
  expect(history).toHaveLength(MAX_CHAT_HISTORY);
  expect(history[0]).toMatchObject({ id: 51, text: '50' });
  expect(history.at(-1)).toMatchObject({ id: MAX_CHAT_HISTORY + 50 });
});
