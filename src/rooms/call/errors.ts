import { GatewayError } from '../../util/index.ts';

/** Results of the original RoomServer (0 to 11) and of ours (from 12). */
export const RESULT = {
  ok: 0,
  roomFull: 1,
  uidNotFound: 2,
  parseFailed: 3,
  webSocketBroken: 4,
  roomNotFound: 5,
  remoteNotFound: 6,
  webSocketFailed: 7,
  iceFull: 8,
  iceInvalid: 9,
  tokenInvalid: 12,
  tokenExpired: 13,
  notAllowed: 14,
} as const;

export type CallResult = (typeof RESULT)[keyof typeof RESULT];

/** Seed 002 §6.5 and the original's clients, which show it to people. */
const UID_NOT_FOUND = "can't find the designated uid, it may leave the room halfway";

/** A command that was not carried out; `result` and the message are what the client is told. */
export class CallError extends GatewayError {
  readonly code = 'call_refused';
  readonly result: CallResult;

  constructor(result: CallResult, message: string) {
    super(message);
    this.result = result;
  }
}

export const uidNotFound = (): CallError => new CallError(RESULT.uidNotFound, UID_NOT_FOUND);
export const roomNotFound = (): CallError => new CallError(RESULT.roomNotFound, "can't find the designated room id");
export const remoteNotFound = (): CallError => new CallError(RESULT.remoteNotFound, "can't find the remote user id");
export const parseFailed = (problem: string): CallError =>
  new CallError(RESULT.parseFailed, `server can't parse the message: ${problem}`);
