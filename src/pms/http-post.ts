import type { IncomingMessage, ServerResponse } from 'node:http';
import { PmsError } from './errors.ts';
import type { SourceRates } from './message-rate.ts';
import { isLocation, peerOf } from './peer-facts.ts';
import type { Peer } from './sessions.ts';
import type { PmsOptions } from './types.ts';

export interface PostParts {
  readonly options: Pick<PmsOptions, 'location' | 'maxPayloadBytes' | 'messageRate'>;
  readonly rates: SourceRates;
  /** Gives the reply; never rejects. */
  readonly answer: (text: string, peer: Peer) => Promise<object>;
  /** The reply to what is no message. */
  readonly refuse: (error: PmsError) => object;
}

/** The same messages by POST, one for each request; the response is always 200 with the reply, as in the original. */
export async function handlePost(request: IncomingMessage, response: ServerResponse, parts: PostParts): Promise<void> {
  const { answer, refuse, options, rates } = parts;
  response.setHeader('Access-Control-Allow-Origin', '*');
  if (!isLocation(request, options.location)) {
    response.writeHead(404).end();
    return;
  }
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
  const facts = peerOf(request);
  if (!rates.take(facts.address)) {
    const text = `more than ${options.messageRate} messages per second from ${facts.address}`;
    reply(response, refuse(new PmsError('too_many_messages', text)));
    return;
  }
  const text = await readBody(request, options.maxPayloadBytes);
  if (text === undefined) {
    response.setHeader('Connection', 'close');
    const error = new PmsError('message_invalid', `the message has more than ${options.maxPayloadBytes} bytes`);
    reply(response, refuse(error));
    return;
  }
  const peer: Peer = { ...facts, lasting: false, closed: false, send: () => undefined };
  reply(response, await answer(text, peer));
}

function reply(response: ServerResponse, body: object): void {
  if (response.destroyed) return;
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Undefined for one that is too large. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
