import type { IncomingMessage, ServerResponse } from 'node:http';
import { callerOf } from './caller.ts';
import { sourceNetwork, type ConnectionShares, type HttpClients, type SharedConnection } from '../util/index.ts';
import type { SourceRates } from './message-rate.ts';
import type { HttpReply, PostRoute } from './types.ts';
import { PIECE_BYTES } from './unfinished-message.ts';

export interface ServedPost {
  readonly route: PostRoute;
  readonly rates: SourceRates;
  readonly clients: HttpClients;
  /** Shares of all in the memory of unfinished messages. */
  readonly memory: ConnectionShares;
}

/** Texts by POST, one for each request; pages of every origin may ask, what they may do is up to their token. */
export async function handlePost(
  request: IncomingMessage,
  response: ServerResponse,
  { route, rates, clients, memory }: ServedPost,
): Promise<void> {
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (request.method === 'OPTIONS') {
    response.setHeader('Access-Control-Allow-Methods', 'POST, OPTIONS');
    response.setHeader('Access-Control-Allow-Headers', 'Content-Type, Authorization');
    response.writeHead(204).end();
    return;
  }
  if (request.method !== 'POST') {
    response.writeHead(426, { Upgrade: 'websocket', Allow: 'POST, OPTIONS' }).end();
    return;
  }
  const caller = callerOf(request, clients);
  if (!rates.take(caller.address)) {
    const reason = `more than ${route.messageRate} messages per second from ${caller.address}`;
    reply(response, route.refuse(reason, 'too_many_messages'));
    return;
  }
  const text = await readBody(request, route.maxPayloadBytes, memory, sourceNetwork(caller.address));
  if (text === undefined) {
    response.setHeader('Connection', 'close');
    reply(response, route.refuse(`the message has more than ${route.maxPayloadBytes} bytes`, 'message_too_large'));
    return;
  }
  reply(response, await route.handle(text, caller));
}

function reply(response: ServerResponse, { status = 200, contentType = 'application/json', body }: HttpReply): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': contentType }).end(body);
}

/** Undefined for one that is too large. @throws where the connection ends before, or is ended to make room */
async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  memory: ConnectionShares,
  source: string,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let [bytes, heldBytes] = [0, 0];
  const share: SharedConnection = {
    source,
    get heldBytes() {
      return heldBytes;
    },
    measure: () => 0,
    close: () => request.destroy(),
  };
  memory.add(share);
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return undefined;
      chunks.push(chunk);
      const change = chunk.length + PIECE_BYTES;
      heldBytes += change;
      memory.hold(share, change);
    }
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    memory.delete(share);
  }
}
