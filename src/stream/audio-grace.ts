import type { Ingest, Track } from '../media/index.ts';

/** Cameras that send sound at all send it with the first pictures. */
const GRACE_MS = 500;

/**
 * Resolves when the camera's sound is known, or has had time enough to appear: a player of RTSP cannot be told later of a
 * track.
 */
export async function audioSettled(ingest: Ingest, sinceMs: number): Promise<void> {
  const leftMs = GRACE_MS - (Date.now() - sinceMs);
  if (ingest.audio !== undefined || ingest.closed || leftMs <= 0) return;
  const settled = Promise.withResolvers<undefined>();
  const done = (): void => settled.resolve(undefined);
  const onTrack = ({ kind }: Track): void => {
    if (kind === 'audio') done();
  };
  const timer = setTimeout(done, leftMs);
  ingest.on('track', onTrack);
  ingest.once('ended', done);
  await settled.promise;
  clearTimeout(timer);
  ingest.off('track', onTrack);
  ingest.off('ended', done);
}
