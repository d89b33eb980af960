import { computed, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import type { CallDurations, CallStatistics } from '../api/call-statistics.ts';
import { formatBitrate, formatDuration, formatPercent } from '../lib/format.ts';
import { zoneTime } from '../lib/zone-time.ts';

const KBIT = 1000;

/** The figures of a day in the words of tables. */
export function useCallFigures(statistics: Ref<CallStatistics | undefined>) {
  const { t } = useI18n();
  const share = (part: number, whole: number) =>
    whole === 0 ? String(part) : `${part} (${formatPercent(part / whole)})`;
  const named = (id: string, name: string) => (name === '' || name === id ? id : `${name} (${id})`);
  const kbit = (value: number) => formatBitrate(value * KBIT);

  const calls = computed(() => {
    const { sessions, users, rooms } = statistics.value!;
    return [
      { name: t('statistics.sessions.total'), values: [String(sessions.total)], testid: 'calls-total' },
      { name: t('statistics.sessions.users'), values: [String(users)], testid: 'calls-users' },
      { name: t('statistics.sessions.rooms'), values: [String(rooms)] },
      { name: t('statistics.sessions.running'), values: [String(sessions.running)], testid: 'calls-running' },
      { name: t('statistics.sessions.timedOut'), values: [String(sessions.timedOut)] },
    ];
  });

  const pairs = computed(() => {
    const { total, connected, failed, cost } = statistics.value!.pairs;
    return [
      { name: t('statistics.pairs.total'), values: [String(total)], testid: 'pairs-total' },
      { name: t('statistics.pairs.connected'), values: [share(connected, total)], testid: 'pairs-connected' },
      { name: t('statistics.pairs.failed'), values: [share(failed, total)], testid: 'pairs-failed' },
      { name: t('statistics.pairs.cost'), values: [(cost / 100).toFixed(2)] },
    ];
  });

  const durations = computed(() => {
    const { sessions, pairs: talked } = statistics.value!;
    const row = (name: 'total' | 'mean' | 'median' | 'p95' | 'max') => ({
      name: t(`statistics.durations.${name}`),
      values: [sessions.durations, talked.durations].map((of: CallDurations) => formatDuration(of[`${name}Ms`])),
      testid: `duration-${name}`,
    });
    return (['total', 'mean', 'median', 'p95', 'max'] as const).map(row);
  });

  const quality = computed(() => {
    const { audio, video } = statistics.value!.quality;
    return (['audio', 'video'] as const).flatMap((name) => {
      const of = { audio, video }[name];
      const medium = t(`statistics.quality.${name}`);
      if (of.count === 0) return [];
      const frames =
        name === 'video'
          ? [
              {
                name: t('statistics.quality.frameRate'),
                values: [video.meanFrameRate.toFixed(1), video.worstFrameRate.toFixed(1)],
              },
            ]
          : [];
      return [
        {
          name: `${medium}: ${t('statistics.quality.loss')}`,
          values: [formatPercent(of.meanLostRate), formatPercent(of.worstLostRate)],
          testid: `${name}-loss`,
        },
        {
          name: `${medium}: ${t('statistics.quality.bitrate')}`,
          values: [kbit(of.meanBitrate), kbit(of.worstBitrate)],
        },
        ...frames,
      ];
    });
  });

  const worst = computed(() => {
    const { worst: calls, timeZone } = statistics.value!;
    return calls.map((call) => ({
      id: call.subSessionId,
      cells: [
        zoneTime(call.begunAt, timeZone),
        call.roomId,
        named(call.userId, call.userName),
        named(call.remoteUserId, call.remoteUserName),
        formatDuration(call.durationMs),
        formatPercent(call.audioLostRate),
        formatPercent(call.videoLostRate),
        kbit(call.bitrate),
        call.frameRate.toFixed(1),
        t(`statistics.ways.${call.connectType}`),
      ],
    }));
  });

  const failed = computed(() => {
    const { failed: found, timeZone } = statistics.value!;
    return found.map((pair, index) => ({
      id: String(index),
      cells: [
        zoneTime(pair.begunAt, timeZone),
        pair.roomId,
        named(pair.userId, pair.userName),
        named(pair.remoteUserId, pair.remoteUserName),
        pair.iceIp === '' ? t('statistics.failures.noIce') : pair.iceIp,
      ],
    }));
  });

  return { calls, pairs, durations, quality, worst, failed };
}
