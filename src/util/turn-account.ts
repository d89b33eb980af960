import { createHmac } from 'node:crypto';

/**
 * A time-limited account of a TURN server that shares a secret with us: coturn's `use-auth-secret`,
 * draft-uberti-behave-turn-rest-00 §2.2. The user name says until when (Unix s), the credential proves it.
 */
export function turnAccount(
  secret: string,
  user: string,
  expiresAtMs: number,
): { readonly username: string; readonly credential: string } {
  // A colon would end the part that coturn reads as the user's name.
  const username = `${Math.floor(expiresAtMs / 1000)}:${user.replaceAll(/[^\w.@-]/g, '').slice(0, 64)}`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}
