import type { Platform } from '../../gb28181/index.ts';

/** Sends what devices report as events; returns what ends that. */
export function subscribeReports(platform: Platform, send: (event: string, data: () => unknown) => void): () => void {
  const { alarms, positions } = platform.reports;
  const onAlarm = (alarm: unknown): void => send('alarm', () => alarm);
  const onChanged = (alarm: unknown): void => send('alarm.changed', () => alarm);
  const onAcknowledged = (ids: readonly number[]): void => send('alarm.acknowledged', () => ({ ids }));
  const onPositions = (items: readonly unknown[]): void => send('positions', () => ({ items }));
  const onPtz = (position: unknown): void => send('ptz.position', () => position);
  const onUpload = (request: unknown): void => send('video.upload', () => request);
  const onSubscriptions = (deviceId: string): void => send('subscriptions.changed', () => ({ deviceId }));
  alarms.on('alarm', onAlarm).on('changed', onChanged).on('acknowledged', onAcknowledged);
  positions.on('positions', onPositions);
  platform.on('ptzPosition', onPtz).on('videoUpload', onUpload).on('subscriptionsChanged', onSubscriptions);
  return () => {
    alarms.off('alarm', onAlarm).off('changed', onChanged).off('acknowledged', onAcknowledged);
    positions.off('positions', onPositions);
    platform.off('ptzPosition', onPtz).off('videoUpload', onUpload).off('subscriptionsChanged', onSubscriptions);
  };
}
