export interface ChatMessage {
  readonly id: number;
  readonly endpoint: string;
  readonly name: string;
  /** As it was written: shown as text, whatever it looks like. */
  readonly text: string;
  /** Unix ms of this browser: clocks of others may be far off. */
  readonly at: number;
  readonly own: boolean;
}

export const MAX_CHAT_TEXT = 2000;
export const MAX_CHAT_HISTORY = 200;

/** The text of a payload of type `chat`; undefined = nothing to show. */
export function chatText(payload: Readonly<Record<string, unknown>>): string | undefined {
  const { text } = payload;
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  // Bidirectional overrides could make a line read as somebody else's.
  return text.replaceAll(/[\u202A-\u202E\u2066-\u2069]/g, '').slice(0, MAX_CHAT_TEXT);
}

/** The newest stay. */
export function addChat(history: readonly ChatMessage[], message: Omit<ChatMessage, 'id'>): ChatMessage[] {
  const id = (history.at(-1)?.id ?? 0) + 1;
  return [...history.slice(1 - MAX_CHAT_HISTORY), { ...message, id }];
}
