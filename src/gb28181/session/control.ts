import type { Dialog, SipResponse } from '../../sip/index.ts';
import { codeOf } from '../commander.ts';
import { DeviceRefusedError, DeviceSilentError, DeviceUnreachableError } from '../errors.ts';
import { formatMansrtsp, MANSRTSP_CONTENT_TYPE, parseMansrtspStatus, type MansrtspRequest } from '../mansrtsp.ts';
import type { CommandOutcome } from '../capability/types.ts';
import type { PlaybackControl } from './types.ts';

export interface ControlContext {
  readonly deviceId: string;
  readonly cseq: number;
  readonly timeoutMs: number;
  /** What the device's answer tells of its way with MANSRTSP as such. */
  readonly onOutcome: (outcome: CommandOutcome, detail?: string) => void;
}

/** By which a device says that it does not know MANSRTSP, where others refuse this order or are in trouble. */
const NOT_KNOWN: ReadonlySet<number> = new Set([400, 405, 415, 501]);

/**
 * One MANSRTSP request in an INFO of the dialog (GB/T 28181 14).
 * @throws DeviceRefusedError, DeviceSilentError, DeviceUnreachableError
 */
export async function sendControl(dialog: Dialog, control: PlaybackControl, context: ControlContext): Promise<void> {
  const { deviceId, cseq, timeoutMs, onOutcome } = context;
  const what = `MANSRTSP ${control.method.toUpperCase()}`;
  const body = Buffer.from(formatMansrtsp(requestOf(control, cseq)), 'latin1');
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeoutMs);
  let response: SipResponse;
  try {
    response = await dialog.request('INFO', { contentType: MANSRTSP_CONTENT_TYPE, body, signal: limit.signal });
  } catch (error) {
    if (limit.signal.aborted || codeOf(error) === 'sip_timeout') {
      onOutcome('unanswered');
      throw new DeviceSilentError(deviceId, what, timeoutMs);
    }
    throw new DeviceUnreachableError(deviceId, what, error);
  } finally {
    clearTimeout(timer);
  }
  if (NOT_KNOWN.has(response.status)) onOutcome('refused', `status ${response.status}`);
  if (response.status >= 300) throw new DeviceRefusedError(deviceId, what, response.status);
  const status = parseMansrtspStatus(response.body);
  if (status !== undefined && status >= 400) throw new DeviceRefusedError(deviceId, what, status);
  onOutcome('confirmed');
}

/** A change of speed has no Range, a seek no Scale, unless both are asked for; going on has Range `now`. */
function requestOf({ method, scale, nptSec }: PlaybackControl, cseq: number): MansrtspRequest {
  if (method === 'pause') return { method: 'PAUSE', cseq };
  const backwards = scale !== undefined && scale < 0;
  const range = nptSec === undefined ? (scale === undefined ? { from: 'now' as const } : undefined) : { from: nptSec };
  return {
    method: 'PLAY',
    cseq,
    ...(scale !== undefined && { scale }),
    // Backwards to the start of the range.
    ...(range !== undefined && { range: backwards ? { ...range, to: 0 } : range }),
  };
}
