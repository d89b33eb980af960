import { EventEmitter } from 'node:events';
import type { PublicationEndReason, RtpPublication, RtpPublicationEvents, RtpRemote } from '../../src/stream/index.ts';

/** Keeps what it is given. */
export class FakePublication extends EventEmitter<RtpPublicationEvents> implements RtpPublication {
  readonly id: string;
  readonly stream: string;
  closed = false;
  watchers = 0;
  expecting = false;
  restarts = 0;
  endReason: PublicationEndReason | undefined;
  readonly pushed: Uint8Array[] = [];
  readonly opened: { track: number; remote: RtpRemote }[] = [];
  readonly remotes: { track: number; remote: RtpRemote }[] = [];

  constructor(stream = 'live/cam', id = 'publication') {
    super();
    this.stream = stream;
    this.id = id;
  }

  async openUdp(track: number, remote: RtpRemote): Promise<{ rtp: number; rtcp: number }> {
    this.opened.push({ track, remote });
    return { rtp: 50_000 + 2 * track, rtcp: 50_001 + 2 * track };
  }

  setUdpRemote(track: number, remote: RtpRemote): void {
    this.remotes.push({ track, remote });
  }

  push(framed: Uint8Array<ArrayBuffer>): void {
    this.pushed.push(framed);
  }

  restart(): void {
    this.restarts += 1;
  }

  setExpecting(expecting: boolean): void {
    this.expecting = expecting;
  }

  watch(count: number): void {
    this.watchers = count;
    this.emit('watchers', count);
  }

  close(reason: PublicationEndReason = 'closed'): void {
    if (this.closed) return;
    this.closed = true;
    this.endReason = reason;
    this.emit('closed', reason);
  }
}
