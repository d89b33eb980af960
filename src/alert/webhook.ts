import { GatewayError } from '../util/index.ts';
import type { Alert } from './types.ts';

/** The webhook's server has not taken the alert. */
export class WebhookError extends GatewayError {
  readonly code = 'webhook_failed';
}

interface WebhookRequest {
  readonly url: string;
  readonly name: string;
  readonly dropped: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Posts `{gateway, event, part, which, text, at, failedAt?, droppedBefore}`; times as `2026-11-21T09:00:00.000Z`. Its
 * URL is a secret and stands in no error. @throws WebhookError for any status but 2xx, redirections included
 */
export async function postAlert(alert: Alert, request: WebhookRequest): Promise<void> {
  const { url, name, dropped, timeoutMs, signal } = request;
  const { at, failedAt, ...rest } = alert;
  const body = JSON.stringify({
    gateway: name,
    ...rest,
    at: new Date(at).toISOString(),
    ...(failedAt === undefined ? {} : { failedAt: new Date(failedAt).toISOString() }),
    droppedBefore: dropped,
  });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  let status: number;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'User-Agent': 'gbrtc' },
      body,
      redirect: 'manual',
      signal: limit,
    });
    ({ status } = response);
    // Nobody reads it; it may be endless.
    await response.body?.cancel();
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    const reason = limit.aborted ? 'no answer in time' : `no connection (${cause?.code ?? 'reason unknown'})`;
    throw new WebhookError(`webhook: ${reason}`, { cause: error });
  }
  if (status < 200 || status > 299) throw new WebhookError(`webhook: the server answered ${status}`);
}
