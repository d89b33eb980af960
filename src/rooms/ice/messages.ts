import { isIP } from 'node:net';
import { z } from 'zod';
import type { IceServer } from './types.ts';

/** An IP address or host name; it becomes part of URLs. */
const ip = z
  .string()
  .max(253)
  .refine(
    (text) =>
      isIP(text) !== 0 || /^(?=.*[a-z])[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i.test(text),
  );
const port = z.int().min(0).max(65_535).default(0);
const text = z.string().max(512).default('');
/** An interface's counter may start again: its rate is then negative. */
const rate = z.number().transform((kbps) => Math.max(0, kbps));

/** What pages know, W3C WebRTC §4.2; others may send an empty text. */
const oneOf = (values: readonly string[], fallback: string) =>
  z
    .string()
    .refine((value) => value === '' || values.includes(value))
    .transform((value) => (value === '' ? fallback : value))
    .default(fallback);

const register = z.object({
  cmd: z.literal('iceRegister'),
  ip,
  iceType: text,
  bundlePolicy: oneOf(['balanced', 'max-compat', 'max-bundle'], 'max-bundle'),
  rtcpMuxPolicy: oneOf(['negotiate', 'require'], 'require'),
  iceTransportPolicy: oneOf(['all', 'relay'], 'all'),
  turnPort: port,
  stunPort: port,
  maxBandwidth: z.int().min(0).max(1_000_000_000).default(0),
  username: text,
  credential: text,
});

/** `reason` is ours: `failed` where the agent found that its server does not answer. */
const deregister = z.object({ cmd: z.literal('iceDeregister'), ip, reason: z.literal('failed').optional() });
const report = z.object({ cmd: z.literal('iceReportRxTxRate'), ip, rxRate: rate.default(0), txRate: rate.default(0) });

const message = z.discriminatedUnion('cmd', [register, deregister, report]);

const COMMANDS: readonly unknown[] = ['iceRegister', 'iceDeregister', 'iceReportRxTxRate'];

export type IceMessage =
  | { readonly cmd: 'iceRegister'; readonly server: IceServer }
  | { readonly cmd: 'iceDeregister'; readonly ip: string; readonly failed: boolean }
  | { readonly cmd: 'iceReportRxTxRate'; readonly ip: string; readonly rxRate: number; readonly txRate: number };

/** Reads a command of seed 002 §6.25–6.27. Never throws. */
export function parseIceMessage(value: unknown): IceMessage | 'unknown_command' | 'malformed' {
  if (typeof value !== 'object' || value === null) return 'malformed';
  if (!COMMANDS.includes((value as { cmd?: unknown }).cmd)) return 'unknown_command';
  const parsed = message.safeParse(value);
  if (!parsed.success) return 'malformed';
  switch (parsed.data.cmd) {
    case 'iceRegister': {
      const { cmd, ...server } = parsed.data;
      return { cmd, server: { ...server, ip: server.ip.toLowerCase(), country: '' } };
    }
    case 'iceDeregister':
      return { cmd: parsed.data.cmd, ip: parsed.data.ip.toLowerCase(), failed: parsed.data.reason === 'failed' };
    case 'iceReportRxTxRate':
      return { ...parsed.data, ip: parsed.data.ip.toLowerCase() };
  }
}
