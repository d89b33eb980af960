import type { Logger } from '../util/index.ts';
import type { EvidenceEntry, PlayRecord } from './types.ts';

const MILESTONES: ReadonlySet<EvidenceEntry['stage']> = new Set(['playing', 'fallback', 'sub_stream', 'audio']);

/** `requested 0, invite_sent 4, ok 25`: stages with their milliseconds, for one line of the log. */
function summary(timeline: readonly EvidenceEntry[]): string {
  return timeline.map(({ stage, afterMs }) => `${stage} ${afterMs}`).join(', ');
}

/**
 * Writes the newest entry of a play's timeline to the log: milestones as info, a failure of the play as a warning with
 * all that led to it, each other step for those who debug.
 */
export function logEvidence(log: Logger, play: PlayRecord): void {
  const entry = play.timeline.at(-1);
  if (entry === undefined) return;
  const { stage, afterMs, detail, viewerId } = entry;
  const fields = { playId: play.id, stream: play.stream, stage, afterMs, detail, viewerId };
  if (stage === 'failed' && play.state === 'failed') {
    log.warn(
      { ...fields, code: play.failure?.code, timeline: summary(play.timeline), callIds: play.callIds },
      'play failed',
    );
  } else if (MILESTONES.has(stage) || (stage === 'closed' && viewerId === undefined)) {
    log.info({ ...fields, transport: play.transport }, 'play');
  } else {
    log.debug(fields, 'play');
  }
}
