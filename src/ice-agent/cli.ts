import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createSystemdNotifier } from '../systemd/notify.ts';
import { createLogger, errorMessage, GatewayError } from '../util/index.ts';
import { IceAgent } from './agent.ts';
import { askBinding } from './binding.ts';
import { parseIceAgentArgs, USAGE } from './cli-options.ts';
import { IceAgentOptionError } from './errors.ts';
import { httpLink } from './http-link.ts';
import { HostNetRate } from './net-rate.ts';
import type { GatewayLink, IceAgentOptions } from './types.ts';
import { WebSocketLink } from './web-socket-link.ts';

const EXIT_USAGE = 2;
/** Each part of a step ends by itself before. */
const STUCK_MS = 60_000;

/** Runs `gbrtc ice-agent …` until the signal; resolves with the exit code. */
async function runIceAgentCli(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const request = parseIceAgentArgs(args, process.env);
    if (request.kind === 'help') process.stdout.write(USAGE);
    else await run(request.agent, signal);
    return 0;
  } catch (error) {
    const usage = error instanceof IceAgentOptionError;
    process.stderr.write(`gbrtc ice-agent: ${errorMessage(error)}\n`);
    if (!usage && !(error instanceof GatewayError) && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return usage ? EXIT_USAGE : 1;
  }
}

async function run(options: IceAgentOptions, signal: AbortSignal): Promise<void> {
  const { server, token, interfaceName, maxBandwidth, turnAddress, turnPort, stunPort, intervalMs } = options;
  const log = createLogger({ level: 'info' });
  const net = new HostNetRate(interfaceName, maxBandwidth);
  const link: GatewayLink = server.protocol.startsWith('ws')
    ? new WebSocketLink(server, token)
    : httpLink(server, token);
  const agent = new IceAgent(options, {
    link,
    host: {
      rates: () => net.take(),
      ask: (aborted) => askBinding(turnAddress, stunPort === 0 ? turnPort : stunPort, aborted),
    },
    log,
  });
  let steppedAt = performance.now();
  const healthy = (): boolean => performance.now() - steppedAt < STUCK_MS + intervalMs;
  const systemd = createSystemdNotifier({ environment: process.env, healthy, log });
  systemd.ready();
  while (!signal.aborted) {
    await agent.step(signal);
    steppedAt = performance.now();
    await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
  await Promise.all([systemd.stopping(), agent.leave()]);
  link.close();
}

/** Runs with the process's own arguments and signals. */
export async function main(args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  // A parent that started us with a channel is gone.
  process.once('disconnect', () => stop.abort());
  process.exitCode = await runIceAgentCli(args, stop.signal);
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  await main(process.argv.slice(2));
}
