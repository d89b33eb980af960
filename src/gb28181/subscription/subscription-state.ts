/** Subscription-State of a NOTIFY (RFC 6665 8.2.3). */
export interface SubscriptionStateHeader {
  readonly ended: boolean;
  /** Lower case, empty where there is none. */
  readonly reason: string;
  readonly leftSec?: number;
  readonly retryAfterSec?: number;
}

/** Anything that is not `terminated` goes on. */
export function parseSubscriptionState(text: string): SubscriptionStateHeader {
  const [state = '', ...parameters] = text
    .toLowerCase()
    .split(';', 16)
    .map((part) => part.trim());
  const values = new Map(parameters.map((each) => [each.split('=', 1)[0]?.trim() ?? '', valueOf(each)]));
  const leftSec = seconds(values.get('expires'));
  const retryAfterSec = seconds(values.get('retry-after'));
  return {
    ended: state === 'terminated',
    reason: values.get('reason') ?? '',
    ...(leftSec !== undefined && leftSec > 0 && { leftSec }),
    ...(retryAfterSec !== undefined && { retryAfterSec }),
  };
}

function valueOf(parameter: string): string {
  const at = parameter.indexOf('=');
  return at < 0
    ? ''
    : parameter
        .slice(at + 1)
        .trim()
        .replaceAll('"', '');
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : undefined;
}
