/** Messages of the RoomServer, as they come: every field may be missing. */
export interface CallMessage {
  readonly cmd: string;
  readonly protocol?: unknown;
  readonly result?: unknown;
  readonly desc?: unknown;
  readonly [field: string]: unknown;
}

/** 0 audio, 1 audio and video, 2 video, 3 none. */
export type TalkType = 0 | 1 | 2 | 3;

/** `index` of turnTalkType. */
export const DEVICE_INDEX = { camera: 0, microphone: 1, screen: 2, systemSound: 3 } as const;
export type CallDevice = keyof typeof DEVICE_INDEX;

/** Somebody else in the room. */
export interface CallUser {
  readonly uid: string;
  readonly uname: string;
  /** 0 normal, 1 observer. */
  readonly userType: number;
  readonly talkType: TalkType;
}

/** Our part in a join and in everything after it. */
export interface CallIdentity {
  readonly appId: string;
  readonly roomId: string;
  readonly uid: string;
  readonly uname: string;
  readonly talkType: TalkType;
}

export const talkTypeOf = (audio: boolean, video: boolean): TalkType => (audio ? (video ? 1 : 0) : video ? 2 : 3);

export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';

const numberOf = (value: unknown, fallback: number): number => (Number.isInteger(value) ? Number(value) : fallback);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function readJson(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined for everything that is no message. */
export function readMessage(data: unknown): CallMessage | undefined {
  const message = readJson(data);
  return isObject(message) && typeof message['cmd'] === 'string' ? (message as CallMessage) : undefined;
}

/** An entry of `userList`, or a notifyNewPeer. Undefined without uid. */
export function readUser(value: unknown): CallUser | undefined {
  if (!isObject(value)) return undefined;
  const uid = textOf(value['uid']);
  if (uid === '') return undefined;
  const talkType = numberOf(value['talkType'], 1);
  return {
    uid,
    uname: textOf(value['uname']) || uid,
    userType: numberOf(value['userType'], 0),
    talkType: talkType === 0 || talkType === 2 || talkType === 3 ? talkType : 1,
  };
}

export const readUsers = (value: unknown): CallUser[] =>
  Array.isArray(value) ? value.map(readUser).filter((user) => user !== undefined) : [];

/** `msg` of offer and answer: JSON in a string, or the object itself. */
export function readDescription(msg: unknown, type: 'offer' | 'answer'): RTCSessionDescriptionInit | undefined {
  const value = isObject(msg) ? msg : readJson(msg);
  return isObject(value) && typeof value['sdp'] === 'string' ? { type, sdp: value['sdp'] } : undefined;
}

/** Browsers say candidate, sdpMid, sdpMLineIndex; apps say type, label, id, candidate (seed 002 §11). */
export function readCandidate(msg: unknown): RTCIceCandidateInit | undefined {
  const value = isObject(msg) ? msg : readJson(msg);
  if (!isObject(value) || typeof value['candidate'] !== 'string') return undefined;
  const mid = value['sdpMid'] ?? value['id'];
  const line = value['sdpMLineIndex'] ?? value['label'];
  const fragment = value['usernameFragment'];
  return {
    candidate: value['candidate'],
    sdpMid: typeof mid === 'string' ? mid : null,
    sdpMLineIndex: Number.isInteger(line) ? Number(line) : typeof mid === 'string' ? null : 0,
    ...(typeof fragment === 'string' ? { usernameFragment: fragment } : {}),
  };
}

/** All names at once, so that browsers and apps find theirs. */
export const formatCandidate = ({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: RTCIceCandidateInit): string =>
  JSON.stringify({
    type: 'candidate',
    label: sdpMLineIndex,
    id: sdpMid,
    candidate,
    sdpMid,
    sdpMLineIndex,
    usernameFragment,
  });

const BUNDLE = new Set<unknown>(['balanced', 'max-bundle', 'max-compat']);

/** `rtcConfig`, with only what RTCPeerConnection accepts; empty = without any ICE server. */
export function readRtcConfig(value: unknown): RTCConfiguration {
  if (!isObject(value)) return {};
  const servers = Array.isArray(value['iceServers']) ? value['iceServers'].filter(isObject) : [];
  const iceServers = servers.flatMap(({ urls, username, credential }) => {
    const list = (Array.isArray(urls) ? urls : [urls]).filter(
      (url) => typeof url === 'string' && url !== '',
    ) as string[];
    if (list.length === 0) return [];
    return [{ urls: list, ...(textOf(username) && { username: textOf(username), credential: textOf(credential) }) }];
  });
  return {
    iceServers,
    iceTransportPolicy: value['iceTransportPolicy'] === 'relay' ? 'relay' : 'all',
    ...(BUNDLE.has(value['bundlePolicy']) && { bundlePolicy: value['bundlePolicy'] as RTCBundlePolicy }),
  };
}
