import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { createAlerts, type Alerts } from './alert/index.ts';
import type { Config } from './config/index.ts';
import { mailerOf } from './gateway-reports.ts';
import type { Ice } from './rooms/ice/index.ts';
import type { Calls } from './store/index.ts';
import type { Logger } from './util/index.ts';

/** How often the disk of the recordings is looked at. */
const DISK_MS = 10_000;

/** Tells people of the disk of the recordings, and of what is given to the functions below. */
export function openAlerts(config: Config, log: Logger): Alerts {
  const mailTo = config.alerts['mail-to'];
  const alerts = createAlerts(
    { name: hostname(), mailTo, webhook: config.alerts.webhook },
    { mailer: mailTo.length > 0 ? mailerOf(config) : undefined, log },
  );
  const watch = watchDisk(config, alerts);
  return {
    raise: (fault) => alerts.raise(fault),
    clear: (fault) => alerts.clear(fault),
    close() {
      clearInterval(watch);
      return alerts.close();
    },
  };
}

export function alertOfCalls(alerts: Alerts, calls: Calls): void {
  calls.on('down', (reason) =>
    alerts.raise({ part: 'call-database', text: `the database of calls is away, records wait on disk: ${reason}` }),
  );
  calls.on('up', () => alerts.clear({ part: 'call-database', text: 'the database of calls is back' }));
}

export function alertOfIce(alerts: Alerts, ice: Ice): void {
  ice.on('down', (ip, reason) => {
    const fault = { part: 'ice-server', which: ip };
    if (reason === 'deregistered') alerts.clear({ ...fault, text: 'the ICE server was taken out' });
    else alerts.raise({ ...fault, text: `the ICE server ${ip} is no longer handed out: ${reason}` });
  });
  ice.on('up', (ip) => alerts.clear({ part: 'ice-server', which: ip, text: `the ICE server ${ip} is back` }));
}

function watchDisk({ record }: Config, alerts: Alerts): NodeJS.Timeout {
  const path = resolve(record.recordPath);
  const wanted = Math.max(record.minFreeBytes, 1);
  return setInterval(() => {
    void freeBytes(path).then((free) => {
      if (free === undefined) return;
      const text = `the disk of the recordings has ${free} bytes free, record.minFreeBytes is ${record.minFreeBytes}`;
      if (free < wanted) alerts.raise({ part: 'record-disk', text });
      else alerts.clear({ part: 'record-disk', text });
    });
  }, DISK_MS);
}

/** The folder is made when the first recording begins: until then the one above it counts. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return dirname(path) === path ? undefined : freeBytes(dirname(path));
  }
}
