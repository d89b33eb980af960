import type { MetricsSnapshot } from './api/index.ts';
import type { Platform } from './gb28181/index.ts';
import type { MediaThreads } from './media/index.ts';
import type { Pms } from './pms/index.ts';
import type { RecordThreads } from './record/index.ts';
import type { Supervision } from './gateway-supervision.ts';
import type { Calls } from './store/index.ts';
import type { WebRtc } from './webrtc/index.ts';
import type { RefusedConnections } from './websocket/index.ts';

interface HealthParts {
  readonly webrtc: Pick<WebRtc, 'workersTotal' | 'workersUp'>;
  readonly media: Pick<MediaThreads, 'threadsTotal' | 'threadsMissing'>;
  readonly threads: Pick<RecordThreads, 'threadsMissing'>;
  readonly platform: Pick<Platform, 'listening'>;
  /** Where SIP listened when everything was open. */
  readonly sipListening: Platform['listening'];
}

/** Sockets that were open at the start and are not any more. */
function lostSockets({ platform, sipListening }: Pick<HealthParts, 'platform' | 'sipListening'>): string[] {
  const text = ({ protocol, address, port }: Platform['listening'][number]): string => `${protocol} ${address}:${port}`;
  const open = new Set(platform.listening.map(text));
  return sipListening.map(text).filter((each) => !open.has(each));
}

/** For /healthz. A database of calls that is away is no reason to take the gateway out of service: records wait. */
export function healthOf(parts: HealthParts): { ok: boolean; problems: string[] } {
  const { webrtc, media, threads, platform } = parts;
  const problems: string[] = [];
  const lost = lostSockets(parts);
  if (platform.listening.length === 0) problems.push('SIP does not listen');
  else if (lost.length > 0) problems.push(`SIP does not listen any more on ${lost.join(', ')}`);
  const missing = webrtc.workersTotal - webrtc.workersUp;
  if (missing > 0) problems.push(`${missing} of ${webrtc.workersTotal} mediasoup workers are down`);
  if (media.threadsMissing > 0) {
    problems.push(`${media.threadsMissing} of ${media.threadsTotal} media threads are down`);
  }
  if (threads.threadsMissing > 0) problems.push(`record threads are down: ${threads.threadsMissing}`);
  return { ok: problems.length === 0, problems };
}

interface MetricsParts {
  readonly webrtc: Pick<WebRtc, 'usage'>;
  readonly media: Pick<MediaThreads, 'usage'>;
  readonly supervision: Pick<Supervision, 'usage'>;
  readonly calls: Pick<Calls, 'usage'>;
  /** Absent where all its ports are off. */
  readonly pms: Pick<Pms, 'connections' | 'sessions' | 'refused'> | undefined;
  readonly rooms: { readonly hub: { readonly refused: RefusedConnections } };
}

/** For /metrics, what the API does not count itself. */
export async function metricsOf(parts: MetricsParts): Promise<MetricsSnapshot> {
  const { webrtc, media, supervision, calls, pms, rooms } = parts;
  // One that dies in the middle of the reading must not hide that it has.
  const workers = await webrtc.usage().catch(() => []);
  return {
    workers: workers.map(({ index, cpuSeconds, maxRssBytes }) => ({
      id: String(index),
      cpuSeconds,
      residentBytes: maxRssBytes,
    })),
    mediaThreads: media.usage(),
    supervised: supervision.usage(),
    calls: calls.usage(),
    ...(pms === undefined ? {} : { pms: { connections: pms.connections, sessions: pms.sessions } }),
    refusedConnections: pms === undefined ? { ...rooms.hub.refused } : sumOf(pms.refused, rooms.hub.refused),
  };
}

function sumOf(one: RefusedConnections, other: RefusedConnections): Record<string, number> {
  const reasons = Object.keys(one) as Array<keyof RefusedConnections>;
  return Object.fromEntries(reasons.map((reason) => [reason, one[reason] + other[reason]]));
}
