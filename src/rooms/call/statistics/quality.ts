import type { SentAndReceived, SubsessionQuality } from '../record-types.ts';
import { endOf, type Direction } from './pairs.ts';
import type { MediumQuality, VideoQuality, WorstCall } from './types.ts';

const MAX_WORST = 10;

/** A direction with what its receiver reported. */
export interface Received {
  readonly direction: Direction;
  readonly quality: SubsessionQuality;
}

/** Seed 002 §4.4: what counts is the receiver's view. A medium that nothing came of was not sent. */
const came = ({ receiveBitrate, receiveLostRate }: SentAndReceived): boolean =>
  receiveBitrate > 0 || receiveLostRate > 0;

/** Mean over all reports, worst of the means of the directions. */
export function audioQuality(all: readonly SubsessionQuality[]): MediumQuality {
  return mediumQuality(
    all.filter(({ audio }) => came(audio)),
    ({ audio }) => audio,
  );
}

export function videoQuality(all: readonly SubsessionQuality[]): VideoQuality {
  const seen = all.filter(({ video }) => came(video));
  const rates = seen.map(({ receiveFrameRate, reports }) => ({ value: receiveFrameRate, weight: reports }));
  return {
    ...mediumQuality(seen, ({ video }) => video),
    meanFrameRate: meanOf(rates),
    worstFrameRate: rates.reduce((least, { value }) => Math.min(least, value), rates[0]?.value ?? 0),
  };
}

function mediumQuality(
  all: readonly SubsessionQuality[],
  medium: (quality: SubsessionQuality) => SentAndReceived,
): MediumQuality {
  const column = (name: 'receiveLostRate' | 'receiveBitrate') =>
    all.map((quality) => ({ value: medium(quality)[name], weight: quality.reports }));
  const [lost, bitrate] = [column('receiveLostRate'), column('receiveBitrate')];
  return {
    count: all.length,
    meanLostRate: meanOf(lost),
    worstLostRate: lost.reduce((most, { value }) => Math.max(most, value), 0),
    meanBitrate: meanOf(bitrate),
    worstBitrate: bitrate.reduce((least, { value }) => Math.min(least, value), bitrate[0]?.value ?? 0),
  };
}

function meanOf(values: readonly { readonly value: number; readonly weight: number }[]): number {
  const weight = values.reduce((sum, each) => sum + each.weight, 0);
  return weight === 0 ? 0 : values.reduce((sum, each) => sum + each.value * each.weight, 0) / weight;
}

const lost = ({ quality: { audio, video } }: Received): number =>
  Math.max(audio.receiveLostRate, video.receiveLostRate);

/** Those that lost most; of the same loss the one with fewer pictures a second first. */
export function worstCalls(all: readonly Received[], now: number): WorstCall[] {
  return all
    .filter((received) => lost(received) > 0)
    .sort((a, b) => lost(b) - lost(a) || a.quality.receiveFrameRate - b.quality.receiveFrameRate)
    .slice(0, MAX_WORST)
    .map(({ direction, quality: { audio, video, receiveFrameRate } }) => {
      const { session, subsession } = direction;
      const since = subsession.connectedAt ?? subsession.begunAt;
      return {
        subSessionId: subsession.subSessionId,
        roomId: session.roomId,
        userId: session.userId,
        userName: session.userName,
        remoteUserId: subsession.remoteUserId,
        remoteUserName: subsession.remoteUserName,
        begunAt: subsession.begunAt,
        durationMs: Math.max(0, (endOf(direction) ?? now) - since),
        connectType: subsession.connectType,
        audioLostRate: audio.receiveLostRate,
        videoLostRate: video.receiveLostRate,
        bitrate: audio.receiveBitrate + video.receiveBitrate,
        frameRate: receiveFrameRate,
      };
    });
}
