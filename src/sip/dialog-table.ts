import type { SipDialog } from './dialog.ts';
import type { Request } from './message.ts';

/** Most dialogs at a time. */
export const MAX_DIALOGS = 100_000;

/** Dialogs of an engine by Call-ID and tags (RFC 3261 §12). */
export class DialogTable {
  readonly #dialogs = new Map<string, SipDialog>();
  readonly #byLocalTag = new Map<string, SipDialog>();
  readonly #byRemoteTag = new Map<string, SipDialog>();

  get size(): number {
    return this.#dialogs.size;
  }

  get full(): boolean {
    return this.#dialogs.size >= MAX_DIALOGS;
  }

  add(dialog: SipDialog): void {
    this.#dialogs.set(key(dialog.callId, dialog.localTag, dialog.remoteTag), dialog);
    this.#byLocalTag.set(key(dialog.callId, dialog.localTag), dialog);
    this.#byRemoteTag.set(key(dialog.callId, dialog.remoteTag), dialog);
  }

  delete(dialog: SipDialog): void {
    this.#dialogs.delete(key(dialog.callId, dialog.localTag, dialog.remoteTag));
    const local = key(dialog.callId, dialog.localTag);
    if (this.#byLocalTag.get(local) === dialog) this.#byLocalTag.delete(local);
    const remote = key(dialog.callId, dialog.remoteTag);
    if (this.#byRemoteTag.get(remote) === dialog) this.#byRemoteTag.delete(remote);
  }

  get(callId: string, localTag: string, remoteTag: string): SipDialog | undefined {
    return this.#dialogs.get(key(callId, localTag, remoteTag));
  }

  /** Dialog of an incoming request. Some devices lose the From tag; Call-ID and our own tag are proof enough. */
  match(request: Request): SipDialog | undefined {
    const localTag = request.toTag;
    // A peer that never saw our 2xx hangs up without our tag; its own tag is the proof then.
    if (localTag === undefined) {
      return request.method === 'BYE' ? this.#byRemoteTag.get(key(request.callId, request.fromTag ?? '')) : undefined;
    }
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
