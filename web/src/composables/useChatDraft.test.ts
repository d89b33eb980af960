import { expect, test, vi } from 'vitest';
import { useChatDraft } from './useChatDraft.ts';

/** A sender that answers when the test says how it went. */
function open() {
  const answers: ((went: boolean) => void)[] = [];
  const send = vi.fn((_text: string) => new Promise<boolean>((resolve) => answers.push(resolve)));
  return { draft: useChatDraft(send), send, answers };
}

const key = (more: { isComposing?: boolean; keyCode?: number } = {}) => ({
  isComposing: false,
  keyCode: 13,
  preventDefault: vi.fn(),
  ...more,
});

test.each([
  { name: 'the input method composes', event: key({ isComposing: true }) },
  { name: 'Safari ends a composition', event: key({ keyCode: 229 }) },
])('Enter while $name sends nothing and is left to it', ({ event }) => {
  const { draft, send } = open();
  draft.text.value = 'ni h';
  draft.handleEnter(event);
  expect(send).not.toHaveBeenCalled();
  expect(event.preventDefault).not.toHaveBeenCalled();
  expect(draft.text.value).toBe('ni h');
});

test('a second Enter sends nothing twice, and what is written meanwhile stays', async () => {
  const { draft, send, answers } = open();
  draft.text.value = 'hello';
  draft.handleEnter(key());
  draft.handleEnter(key());
  draft.text.value = 'next';
  answers[0]!(true);
  await vi.waitFor(() => expect(draft.failed.value).toBe(false));
  expect(send.mock.calls).toEqual([['hello']]);
  expect(draft.text.value).toBe('next');
});

test('what did not go out stands there again, before what was written meanwhile', async () => {
  const { draft, answers } = open();
  draft.text.value = 'hello';
  const sent = draft.submit();
  draft.text.value = 'next';
  answers[0]!(false);
  await sent;
  expect(draft.text.value).toBe('hello\nnext');
  expect(draft.failed.value).toBe(true);
});

test('nothing is sent of blanks', async () => {
  const { draft, send } = open();
  draft.text.value = ' \n';
  await draft.submit();
  expect(send).not.toHaveBeenCalled();
});
