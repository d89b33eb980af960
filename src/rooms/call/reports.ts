import type { Logger } from '../../util/index.ts';
import { figureOf, nameOf, partOf, remoteUidOf, textOf, type Fields } from './fields.ts';
import type { Member } from './member.ts';
import type { CallRecords, SentAndReceived } from './record-types.ts';
import type { SubTalk } from './talk.ts';

/** Reports of one subsession that come faster are not kept; the document's interval is 15 s. */
const MIN_REPORT_GAP_MS = 1000;
const MAX_BITRATE_KBPS = 10_000_000;
const MAX_PIXELS = 65_535;
const MAX_FRAME_RATE = 1000;

const sentAndReceived = (send: Fields, recv: Fields): SentAndReceived => ({
  sendLostRate: figureOf(send, 'packetsLostRate', 1),
  sendBitrate: Math.round(figureOf(send, 'bitRate', MAX_BITRATE_KBPS)),
  receiveLostRate: figureOf(recv, 'packetsLostRate', 1),
  receiveBitrate: Math.round(figureOf(recv, 'bitRate', MAX_BITRATE_KBPS)),
});

/** By the remote uid, as the original's client says it, or by the subsession, as the document does. */
function subTalkOf(member: Member, fields: Fields): { remoteUid: string; talk: SubTalk } | undefined {
  const remoteUid = remoteUidOf(fields);
  const remote = member.remotes.get(remoteUid);
  if (remote !== undefined) return { remoteUid, talk: remote.talk };
  const subSessionId = textOf(fields, 'subSessionId');
  if (remoteUid !== '' || subSessionId === '') return undefined;
  for (const [uid, { talk }] of member.remotes) if (talk.subSessionId === subSessionId) return { remoteUid: uid, talk };
  return undefined;
}

/** Seed 002 §6.24. A report of a pair that has ended meanwhile is no error. */
export function handleReportStats(member: Member, fields: Fields, records: CallRecords): void {
  const found = subTalkOf(member, fields);
  if (found === undefined || !found.talk.takeReport(MIN_REPORT_GAP_MS)) return;
  const audio = partOf(fields, 'audio');
  const video = partOf(fields, 'video');
  const send = partOf(video, 'send');
  const recv = partOf(video, 'recv');
  records.addQuality({
    subSessionId: found.talk.subSessionId,
    remoteUserId: found.remoteUid,
    createdAt: Date.now(),
    audio: sentAndReceived(partOf(audio, 'send'), partOf(audio, 'recv')),
    video: sentAndReceived(send, recv),
    sendWidth: Math.round(figureOf(send, 'width', MAX_PIXELS)),
    sendHeight: Math.round(figureOf(send, 'height', MAX_PIXELS)),
    sendFrameRate: Math.round(figureOf(send, 'frameRateSent', MAX_FRAME_RATE)),
    receiveFrameRate: Math.round(figureOf(recv, 'frameRateRecv', MAX_FRAME_RATE)),
  });
}

/** Seed 002 §6.23: what went wrong at a client, for whoever runs the server. */
export function handleReportInfo({ identity: { roomId, uid } }: Member, fields: Fields, log: Logger): void {
  const result = figureOf(fields, 'result', 1_000_000);
  if (result === 0) return;
  log.warn({ room: roomId, uid, result, desc: nameOf(fields, 'desc') }, 'client of a call reports a failure');
}
