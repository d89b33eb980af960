import {
  createSipEngine,
  type IncomingRequest,
  type SipEngine,
  type SipEngineOptions,
  type SipListen,
} from '../../src/sip/index.ts';
import { silentLogger } from '../../src/util/index.ts';

/** RFC 3261 timers, a hundredth or so of the real ones. */
export const SHORT_TIMERS = { t1: 10, t2: 40, t4: 50, d: 100 };

/** An engine on a free loopback port. */
export function testEngine(
  onRequest: (incoming: IncomingRequest) => void,
  options: Partial<SipEngineOptions> = {},
): Promise<SipEngine> {
  return createSipEngine({
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
    userAgent: 'test',
    timers: SHORT_TIMERS,
    log: silentLogger,
    onRequest,
    ...options,
  });
}

/** Where it listens. */
export function listeningOf(engine: SipEngine, protocol: 'udp' | 'tcp' = 'udp'): SipListen {
  const found = engine.listening.find((each) => each.protocol === protocol);
  if (found === undefined) throw new TypeError(`not listening on ${protocol}`);
  return found;
}
