/** A Session header (RFC 2326 §12.37). */
export interface SessionHeader {
  readonly id: string;
  readonly timeoutSec?: number;
}

/** Undefined where there is no session id (RFC 2326 §3.4: at least eight characters; clients repeat what they got). */
export function parseSession(value: string): SessionHeader | undefined {
  const [id = '', ...parameters] = value.split(';').map((part) => part.trim());
  if (!/^[\w$.+-]{1,128}$/.test(id)) return undefined;
  const timeout = parameters.map((part) => /^timeout=(\d{1,6})$/i.exec(part)?.[1]).find((text) => text !== undefined);
  return { id, ...(timeout === undefined ? {} : { timeoutSec: Number(timeout) }) };
}

export function formatSession({ id, timeoutSec }: SessionHeader): string {
  return timeoutSec === undefined ? id : `${id};timeout=${timeoutSec}`;
}
