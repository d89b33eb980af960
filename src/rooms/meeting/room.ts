import { EventText } from './envelope.ts';
import type { LocalSink, Member } from './member.ts';
import type { RoomSummary, RoomView } from './types.ts';

/** Members of one channel of one app. */
export class Room {
  readonly app: string;
  readonly channel: string;
  readonly createdAt = Date.now();
  /** By endpoint. */
  readonly members = new Map<string, Member>();
  /** The media node where its members meet; '' = here; undefined before the first has asked. */
  nodeId: string | undefined;
  #cseq = 0;
  #dump: string | undefined;

  constructor(app: string, channel: string) {
    this.app = app;
    this.channel = channel;
  }

  /** `data` of the answer to `channel.dump`. Written anew only after a change, from parts that are kept. */
  get dump(): string {
    this.#dump ??= `{"endpoint_list":[${[...this.members.values()].map(({ json }) => json).join(',')}]}`;
    return this.#dump;
  }

  get summary(): RoomSummary {
    const { app, channel, createdAt, members } = this;
    let streams = 0;
    for (const member of members.values()) streams += member.streams.size;
    return { app, channel, members: members.size, streams, createdAt };
  }

  get view(): RoomView {
    return { ...this.summary, endpoints: [...this.members.values()].map(({ view }) => view) };
  }

  changed(): void {
    this.#dump = undefined;
  }

  event(event: ConstructorParameters<typeof EventText>[0], data: string): EventText {
    this.#cseq += 1;
    return new EventText(event, this.#cseq, data);
  }

  /** Sends to all members but one; returns to how many. */
  send(event: ConstructorParameters<typeof EventText>[0], data: string, except: Member): number {
    const text = this.event(event, data);
    let sent = 0;
    for (const member of this.members.values()) {
      if (member === except || member.link === undefined) continue;
      member.link.send(text.for(member.session));
      sent += 1;
    }
    return sent;
  }

  /** Members inside the gateway, but one. */
  locals(except: Member): LocalSink[] {
    return [...this.members.values()].flatMap((member) =>
      member === except || member.local === undefined ? [] : [member.local],
    );
  }
}
