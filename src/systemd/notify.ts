import { spawn } from 'node:child_process';
import { errorMessage, type Logger } from '../util/index.ts';

/** As systemd does not wait longer for WATCHDOG=1 either. */
const RUN_LIMIT_MS = 5_000;
/** Of WatchdogSec, sd_watchdog_enabled(3) advises half; a busy machine may be late twice. */
const PARTS_OF_WATCHDOG = 3;

export interface SystemdOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** While it is false the watchdog is not fed. */
  readonly healthy: () => boolean;
  readonly log: Logger;
}

/** What systemd is told of a service of Type=notify; nothing, where systemd has not started it. */
export interface SystemdNotifier {
  /** Everything is open; from now on the watchdog is fed. */
  ready(): void;
  /** Closing begins. */
  stopping(): Promise<void>;
}

/**
 * Speaks sd_notify(3) by the program systemd-notify, because Node has no datagram sockets of AF_UNIX. The watchdog is
 * fed by a timer of this thread: a stuck event loop feeds nothing.
 */
export function createSystemdNotifier({ environment, healthy, log }: SystemdOptions): SystemdNotifier {
  const socket = environment['NOTIFY_SOCKET'] ?? '';
  if (socket === '') return { ready: () => {}, stopping: async () => {} };
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let healthyBefore = true;

  async function tell(...states: string[]): Promise<void> {
    try {
      await run(states);
    } catch (error) {
      log.warn({ states, error: errorMessage(error) }, 'systemd-notify failed');
    }
  }

  function feed(): void {
    const healthyNow = healthy();
    if (healthyNow !== healthyBefore) {
      healthyBefore = healthyNow;
      if (healthyNow) log.info({}, 'systemd watchdog is fed again');
      else log.error({ watchdogMs }, 'not healthy: the systemd watchdog is not fed');
    }
    if (!healthyNow || sending) return;
    sending = true;
    // Before systemd 246 a message may be lost when its sender has ended already: a lost READY would end the service.
    void tell('READY=1', 'WATCHDOG=1').finally(() => (sending = false));
  }

  return {
    ready() {
      void tell('READY=1', 'STATUS=Running');
      if (!(watchdogMs > 0)) return;
      timer = setInterval(feed, Math.max(100, watchdogMs / PARTS_OF_WATCHDOG));
      timer.unref();
    },
    stopping() {
      clearInterval(timer);
      return tell('STOPPING=1', 'STATUS=Closing');
    },
  };
}

/** Resolves with the end of systemd-notify. */
function run(states: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', [...states], { stdio: 'ignore', timeout: RUN_LIMIT_MS });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`ended with ${code ?? signal}`));
    });
  });
}
