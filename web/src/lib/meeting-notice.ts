import type { MeetingPhase } from './meeting-client.ts';
import type { PublisherState } from './whip-publisher.ts';

/** Somebody else's decision: nothing is tried again before the next join. */
const FINAL: ReadonlySet<string> = new Set(['ended', 'replaced']);

export const isEnded = ({ phase, error }: PublisherState): boolean =>
  phase === 'failed' && FINAL.has(error?.code ?? '');

/** What is wrong with one's place in a meeting, as the key of a text; undefined = nothing. */
export function meetingWarning(phase: MeetingPhase, sending: PublisherState) {
  if (phase === 'reconnecting') return 'reconnecting';
  if (isEnded(sending)) return 'mediaEnded';
  return sending.phase === 'reconnecting' || sending.phase === 'failed' ? 'mediaLost' : undefined;
}
