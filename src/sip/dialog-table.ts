import type { SipDialog } from './dialog.ts';
import type { Request } from './message.ts';

/** Most dialogs at a time. */
export const MAX_DIALOGS = 20_000;

/** Dialogs of an engine by Call-ID and tags (RFC 3261 §12). */
export class DialogTable {
  readonly #dialogs = new Map<string, SipDialog>();
  readonly #byLocalTag = new Map<string, SipDialog>();

  get size(): number {
    return this.#dialogs.size;
  }

  get full(): boolean {
    return this.#dialogs.size >= MAX_DIALOGS;
  }

  add(dialog: SipDialog): void {
    this.#dialogs.set(key(dialog.callId, dialog.localTag, dialog.remoteTag), dialog);
    this.#byLocalTag.set(key(dialog.callId, dialog.localTag), dialog);
  }

  delete(dialog: SipDialog): void {
    this.#dialogs.delete(key(dialog.callId, dialog.localTag, dialog.remoteTag));
    const other = key(dialog.callId, dialog.localTag);
    if (this.#byLocalTag.get(other) === dialog) this.#byLocalTag.delete(other);
  }

  get(callId: string, localTag: string, remoteTag: string): SipDialog | undefined {
    return this.#dialogs.get(key(callId, localTag, remoteTag));
  }

  /** Dialog of an incoming request. Some devices lose the From tag; Call-ID and our own tag are proof enough. */
  match(request: Request): SipDialog | undefined {
    const localTag = request.toTag;
    if (localTag === undefined) return undefined;
    const exact = this.get(request.callId, localTag, request.fromTag ?? '');
    return exact ?? this.#byLocalTag.get(key(request.callId, localTag));
  }

  values(): IterableIterator<SipDialog> {
    return this.#dialogs.values();
  }
}

function key(callId: string, localTag: string, remoteTag?: string): string {
  return `${callId} ${localTag} ${remoteTag ?? ''}`;
}
