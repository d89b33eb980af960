import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { bindingAnswer, formatBindingRequest, TRANSACTION_BYTES } from './stun.ts';

/** RFC 8489 §6.2.1 has seven; who does not answer within these does not serve a call well either. */
const RETRANSMISSIONS_MS = [500, 1000, 2000] as const;

/** Asks a STUN server over UDP what our address is. What it says of itself; undefined: no answer. Never rejects. */
export async function askBinding(
  host: string,
  port: number,
  signal: AbortSignal,
  waitsMs: readonly number[] = RETRANSMISSIONS_MS,
): Promise<string | undefined> {
  const found = await lookup(host).catch(() => undefined);
  if (found === undefined || signal.aborted) return undefined;
  const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4');
  const transactionId = randomBytes(TRANSACTION_BYTES);
  const request = formatBindingRequest(transactionId);
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (answer: string | undefined): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', handleAbort);
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(answer);
    };
    const handleAbort = (): void => finish(undefined);
    const send = (attempt: number): void => {
      const waitMs = waitsMs[attempt];
      if (waitMs === undefined) return finish(undefined);
      socket.send(request);
      timer = setTimeout(() => send(attempt + 1), waitMs);
    };
    signal.addEventListener('abort', handleAbort);
    // Nobody listens there (ICMP), or there is no way.
    socket.on('error', () => finish(undefined));
    socket.on('message', (bytes) => {
      const answer = bindingAnswer(bytes, transactionId);
      if (answer !== undefined) finish(answer);
    });
    // Connected, so that nobody else can answer and refusals are heard.
    socket.once('connect', () => send(0)).connect(port, found.address);
  });
}
