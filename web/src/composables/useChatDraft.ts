import { ref } from 'vue';

/** Keydown of a key that the input method takes for itself; Safari tells only this way (UI Events, isComposing). */
const COMPOSING_KEY_CODE = 229;

export type ChatKey = Pick<KeyboardEvent, 'isComposing' | 'keyCode' | 'preventDefault'>;

/** What is being written to the others, until it is sent. `send` tells false = it did not go out. */
export function useChatDraft(send: (text: string) => Promise<boolean>) {
  const text = ref('');
  const failed = ref(false);

  const submit = async () => {
    const sent = text.value;
    if (sent.trim() === '') return;
    // Cleared at once: what is written meanwhile is the next message, and a second Enter sends nothing twice.
    text.value = '';
    failed.value = !(await send(sent));
    if (failed.value) text.value = [sent, text.value].filter(Boolean).join('\n');
  };

  /** Enter; inside an input method it only chooses a word. */
  const handleEnter = (event: ChatKey) => {
    if (event.isComposing || event.keyCode === COMPOSING_KEY_CODE) return;
    event.preventDefault();
    void submit();
  };

  return { text, failed, submit, handleEnter };
}
