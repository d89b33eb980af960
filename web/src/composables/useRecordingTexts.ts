import { computed } from 'vue';
import { useI18n } from 'vue-i18n';
import type { Recording } from '../api/types.ts';
import { formatBytes, formatDate, formatDuration } from '../lib/format.ts';
import { codecLabel } from '../lib/stream-text.ts';
import { useServerClock } from './useClock.ts';
import { useStreamTitle } from './useStreamTitle.ts';

const CONTAINERS = { mp4: 'MP4', webm: 'WebM' } as const;

/** What rows, cards and the player say about a recording. */
export function useRecordingTexts(recording: () => Recording) {
  const { locale } = useI18n();
  const titleOf = useStreamTitle();
  const now = useServerClock(1000);
  return computed(() => {
    const { stream, state, startedAt, durationMs, bytes, container, codecs } = recording();
    // Events come every few seconds; between them the clock goes on.
    const duration = state === 'recording' ? Math.max(durationMs, now.value - startedAt) : durationMs;
    return {
      title: titleOf(stream),
      started: formatDate(startedAt, locale.value),
      duration: formatDuration(duration),
      size: formatBytes(bytes),
      format: [CONTAINERS[container], codecs.map(codecLabel).join(' + ')].filter(Boolean).join(' · '),
    };
  });
}
