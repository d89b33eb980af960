import { errorMessage, type Logger } from '../../util/index.ts';
import { bracketed, parseRtspAddress, type RtspAddress } from '../client/address.ts';
import { RtspClientError } from '../client/errors.ts';
import { RtspSource, type SourceOptions } from '../client/source.ts';
import { PullNotFoundError } from './errors.ts';
import type { PullNode } from './types.ts';

export interface InterconnectOptions {
  readonly nodes: readonly PullNode[];
  /** All together have so long to answer. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly keepAliveMs: number;
  readonly log: Logger;
}

/** A question to all nodes. */
export interface NodeQuestion {
  /** `<app>/<name>`, checked. */
  readonly name: string;
  readonly hops: readonly string[];
  readonly signal: AbortSignal;
}

const DEFAULT_APP = 'live/';

/** Where a node has a stream, as pms asks: by its name alone where the app is `live`. */
export function nodeAddress({ ip, port, path }: PullNode, name: string): RtspAddress {
  const bare = name.startsWith(DEFAULT_APP) ? name.slice(DEFAULT_APP.length) : name;
  const parts = [...path.split('/'), ...bare.split('/')].filter((part) => part !== '');
  const address = parseRtspAddress(`rtsp://${bracketed(ip)}:${port}/${parts.map(encodeURIComponent).join('/')}`);
  if ('fault' in address) throw new RtspClientError('rtsp_unreachable', `the URL of ${name} at ${ip} ${address.fault}`);
  return address;
}

/**
 * Asks all nodes for a stream at the same time; the first one that describes it is taken, the others are left.
 * @throws PullNotFoundError
 */
export async function askNodes(options: InterconnectOptions, question: NodeQuestion): Promise<RtspSource> {
  const { nodes, timeoutMs, log } = options;
  const aborts = nodes.map(() => new AbortController());
  const timer = setTimeout(() => aborts.forEach((abort) => abort.abort()), timeoutMs);
  let won = false;
  const asked = nodes.map(async (node, index) => {
    const own = aborts[index] ?? new AbortController();
    try {
      const source = await RtspSource.describe(sourceOptions(options, node, { ...question, abort: own }));
      if (!won) {
        won = true;
        for (const other of aborts) if (other !== own) other.abort();
        return source;
      }
      await source.close();
      throw new RtspClientError('rtsp_aborted', 'another node was quicker');
    } catch (error) {
      if (!won) log.info({ node: `${node.ip}:${node.port}`, error: errorMessage(error) }, 'node has no such stream');
      throw error;
    }
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    const count = nodes.length === 1 ? 'the other gateway' : `none of ${nodes.length} other gateways`;
    const text = nodes.length === 1 ? `${count} does not have it` : `${count} has it`;
    throw new PullNotFoundError(`no stream is named ${question.name} here, and ${text} (${reasonOf(error)})`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

function sourceOptions(
  { timeoutMs, userAgent, keepAliveMs, log }: InterconnectOptions,
  node: PullNode,
  { name, hops, signal, abort }: NodeQuestion & { abort: AbortController },
): SourceOptions {
  const { user: username, password } = node;
  return {
    address: nodeAddress(node, name),
    account: username === '' ? undefined : { username, password },
    userAgent,
    hops,
    timeoutMs,
    keepAliveMs,
    signal: AbortSignal.any([signal, abort.signal]),
    log,
  };
}

/** Whose addresses are nothing to a player: only how they failed. */
function reasonOf(error: unknown): string {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const codes = errors.map((each) => (each instanceof RtspClientError ? each.code : 'failed'));
  const texts = [...new Set(codes)].map((code) => REASONS[code] ?? code);
  return texts.join(', ');
}

const REASONS: Readonly<Record<string, string>> = {
  rtsp_aborted: 'no answer in time',
  rtsp_timeout: 'no answer in time',
  rtsp_not_found: 'not found',
  rtsp_unreachable: 'not reachable',
  rtsp_unauthorized: 'access refused',
};
