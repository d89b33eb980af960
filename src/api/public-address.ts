import type { Request } from 'express';
import type { SignedToken } from './auth/tokens.ts';
import { hostOf, isSecure } from './http/context.ts';
import type { ListenAddress } from './types.ts';

/** Splits `<app>/<name>`; a bare name belongs to the app `live`. */
export function splitStream(stream: string): { app: string; name: string } {
  const slash = stream.indexOf('/');
  return slash < 0 ? { app: 'live', name: stream } : { app: stream.slice(0, slash), name: stream.slice(slash + 1) };
}

/** How clients reach us: the host that they used already, and the port where SRS's players look. */
export class PublicAddress {
  readonly #candidates: readonly string[];
  #srsPort: number | undefined;
  #mainPort: number | undefined;

  constructor(candidates: readonly string[]) {
    this.#candidates = candidates;
  }

  /** Told once the ports are open. */
  setListening(addresses: readonly ListenAddress[]): void {
    this.#srsPort = addresses.find(({ purpose }) => purpose === 'srs')?.port;
    this.#mainPort = addresses.find(({ purpose }) => purpose === 'main')?.port;
  }

  /** IPv6 in brackets. */
  host(req: Request): string {
    const local = req.socket.localAddress ?? '127.0.0.1';
    return hostOf(req)?.hostname ?? this.#candidates[0] ?? (local.includes(':') ? `[${local}]` : local);
  }

  /** Port of the SRS interface: 1985 where we listen there, else the one that the client used. */
  rtcPort(req: Request): number {
    return this.#srsPort ?? hostOf(req)?.port ?? (isSecure(req) ? 443 : 80);
  }

  /** Plain HTTP at one of our own addresses, for devices. */
  httpUrl(address: string): string {
    return `http://${address.includes(':') ? `[${address}]` : address}:${this.#mainPort ?? 80}`;
  }

  /** SRS's player URL. */
  webrtcUrl(req: Request, stream: string, token: SignedToken | undefined): string {
    const { app, name } = splitStream(stream);
    const query = token === undefined ? '' : `?token=${token.token}`;
    return `webrtc://${this.host(req)}:${this.rtcPort(req)}/${encodeURIComponent(app)}/${encodeURIComponent(name)}${query}`;
  }
}

/** WHEP URL of a stream, relative to this server. */
export function whepUrl(stream: string, extra: Readonly<Record<string, string | undefined>>): string {
  return streamUrl('/rtc/v1/whep/', stream, extra);
}

/** WHIP URL of a stream, relative to this server. */
export function whipUrl(stream: string, extra: Readonly<Record<string, string | undefined>>): string {
  return streamUrl('/rtc/v1/whip/', stream, extra);
}

function streamUrl(path: string, stream: string, extra: Readonly<Record<string, string | undefined>>): string {
  const { app, name } = splitStream(stream);
  const query = new URLSearchParams({ app, stream: name });
  for (const [key, value] of Object.entries(extra)) if (value !== undefined) query.set(key, value);
  return `${path}?${query.toString()}`;
}
