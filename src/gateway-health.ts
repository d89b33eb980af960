import type { MetricsSnapshot } from './api/index.ts';
import type { Platform } from './gb28181/index.ts';
import type { MediaThreads } from './media/index.ts';
import type { Calls } from './store/index.ts';
import type { WebRtc } from './webrtc/index.ts';

interface HealthParts {
  readonly webrtc: WebRtc;
  readonly platform: Platform;
}

/** For /healthz. A database of calls that is away is no reason to take the gateway out of service: records wait. */
export function healthOf({ webrtc, platform }: HealthParts): { ok: boolean; problems: string[] } {
  const problems: string[] = [];
  if (platform.listening.length === 0) problems.push('SIP does not listen');
  const missing = webrtc.workersTotal - webrtc.workersUp;
  if (missing > 0) problems.push(`${missing} of ${webrtc.workersTotal} mediasoup workers are down`);
  return { ok: problems.length === 0, problems };
}

interface MetricsParts {
  readonly webrtc: WebRtc;
  readonly media: MediaThreads;
  readonly calls: Calls;
}

/** For /metrics, what the API does not count itself. */
export async function metricsOf({ webrtc, media, calls }: MetricsParts): Promise<MetricsSnapshot> {
  const workers = await webrtc.usage();
  return {
    workers: workers.map(({ index, cpuSeconds, maxRssBytes }) => ({
      id: String(index),
      cpuSeconds,
      residentBytes: maxRssBytes,
    })),
    mediaThreads: media.usage(),
    calls: calls.usage(),
  };
}
