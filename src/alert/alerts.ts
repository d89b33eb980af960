import { type Logger } from '../util/index.ts';
import { Delivery } from './delivery.ts';
import type { Alert, AlertMailer, AlertOptions, Alerts, Fault } from './types.ts';
import { postAlert } from './webhook.ts';

/** Faults at the same time; there are not so many parts, but names of ICE servers come from outside. */
const MAX_FAULTS = 1000;

interface AlertParts {
  /** Undefined: no mails. */
  readonly mailer: AlertMailer | undefined;
  readonly log: Logger;
}

/** Alerts by e-mail and webhook, each on its own. */
export function createAlerts(options: AlertOptions, { mailer, log }: AlertParts): Alerts {
  const closing = new AbortController();
  const { burst = 20, intervalMs = 180_000, retryMs = 2_000, webhookTimeoutMs = 10_000 } = options;
  const { name, mailTo, webhook } = options;
  const limits = { burst, intervalMs, retryMs };
  const ways: Delivery[] = [];
  if (mailer !== undefined && mailTo.length > 0) {
    const deliver = (alert: Alert, dropped: number) => mailer.send(mailOf(alert, { name, mailTo, dropped }));
    ways.push(new Delivery({ ...limits, deliver, log: log.child({ way: 'mail' }) }));
  }
  if (webhook !== '') {
    const request = { url: webhook, name, timeoutMs: webhookTimeoutMs, signal: closing.signal };
    const deliver = (alert: Alert, dropped: number) => postAlert(alert, { ...request, dropped });
    ways.push(new Delivery({ ...limits, deliver, log: log.child({ way: 'webhook' }) }));
  }
  const faults = new Map<string, number>();
  const keyOf = ({ part, which = '' }: Fault): string => `${part} ${which}`;
  const tell = (alert: Alert): void => {
    log.info({ alert: alert.part, which: alert.which, event: alert.event }, alert.text);
    for (const way of ways) way.push(alert);
  };
  return {
    raise(fault) {
      const { part, which = '', text } = fault;
      if (faults.has(keyOf(fault))) return;
      if (faults.size >= MAX_FAULTS) {
        log.warn({ part, faults: faults.size, limit: MAX_FAULTS }, 'too many faults at the same time');
        return;
      }
      const at = Date.now();
      faults.set(keyOf(fault), at);
      tell({ event: 'failed', part, which, text, at });
    },
    clear(fault) {
      const { part, which = '', text } = fault;
      const failedAt = faults.get(keyOf(fault));
      if (failedAt === undefined) return;
      faults.delete(keyOf(fault));
      tell({ event: 'returned', part, which, text, at: Date.now(), failedAt });
    },
    async close() {
      closing.abort();
      await mailer?.close();
      await Promise.all(ways.map((way) => way.close()));
    },
  };
}

function mailOf(
  alert: Alert,
  { name, mailTo, dropped }: { name: string; mailTo: readonly string[]; dropped: number },
): { to: readonly string[]; subject: string; text: string } {
  const { event, part, which, text, at, failedAt } = alert;
  const iso = (time: number): string => new Date(time).toISOString();
  const lines = [
    text,
    '',
    `Gateway: ${name}`,
    `Part: ${part}${which === '' ? '' : ` ${which}`}`,
    ...(failedAt === undefined ? [] : [`Failed: ${iso(failedAt)}`]),
    `${event === 'failed' ? 'Failed' : 'Works again'}: ${iso(at)}`,
    ...(dropped > 0 ? ['', `${dropped} alerts before this one could not be delivered.`] : []),
  ];
  const state = event === 'failed' ? 'FAILED' : 'works again';
  return {
    to: mailTo,
    subject: `gbrtc ${name}: ${part}${which === '' ? '' : ` ${which}`} ${state}`,
    text: `${lines.map((line) => line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')).join('\n')}\n`,
  };
}
