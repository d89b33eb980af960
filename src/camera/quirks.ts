import { randomSsrc, ssrcDigits, STANDARD_BEHAVIOUR, type Behaviour } from './behaviour.ts';
import { CameraOptionError } from './errors.ts';
import { COMMAND_QUIRKS } from './quirks-commands.ts';
import { PS_QUIRKS } from './quirks-ps.ts';
import { RTP_QUIRKS } from './quirks-rtp.ts';

/** A way in which real cameras leave the standard, by name. */
export interface Quirk {
  readonly name: string;
  /** Who does it and what, one line. */
  readonly summary: string;
  /** `argument` is what stands behind `name=`, a number; absent where none was given. */
  apply(behaviour: Behaviour, argument: number | undefined): Behaviour;
}

const DEFAULT_BYE_SEC = 5;
const DEFAULT_ANSWER_SEC = 4;

const SIGNALLING_QUIRKS: readonly Quirk[] = [
  {
    name: 'hik-wrong-content-length',
    summary: 'Hikvision: Content-Length of requests and answers is 0 or too small',
    apply: (behaviour) => ({ ...behaviour, wireFaults: [...behaviour.wireFaults, wrongContentLength()] }),
  },
  {
    name: 'hik-ssrc-rewrite',
    summary: 'Hikvision: answers and sends 03… where 01… or 02… was offered',
    apply: (behaviour) => ({
      ...behaviour,
      ssrc: (offered, random) => {
        const digits = ssrcDigits(offered ?? randomSsrc(random));
        const y = `${digits.slice(0, 1)}3${digits.slice(2)}`;
        return { y, rtp: Number(y) };
      },
    }),
  },
  {
    name: 'ssrc-mismatch',
    summary: 'echoes y= and sends another SSRC',
    apply: (behaviour) => ({
      ...behaviour,
      ssrc: (offered, random) => ({ y: ssrcDigits(offered ?? 0), rtp: randomSsrc(random) }),
    }),
  },
  {
    name: 'no-y',
    summary: 'the answer has no y= and the SSRC is the camera’s own',
    apply: (behaviour) => ({ ...behaviour, ssrc: (_offered, random) => ({ y: undefined, rtp: randomSsrc(random) }) }),
  },
  {
    name: 'y-zero',
    summary: 'the answer has y=0000000000 and the SSRC is the camera’s own',
    apply: (behaviour) => ({
      ...behaviour,
      ssrc: (_offered, random) => ({ y: ssrcDigits(0), rtp: randomSsrc(random) }),
    }),
  },
  {
    name: 'wrong-setup',
    summary: 'the answer has the other a=setup than what the camera does',
    apply: (behaviour) => ({
      ...behaviour,
      answer: (lines) =>
        behaviour.answer(lines).map((line) => {
          const setup = /^a=setup:(active|passive)$/.exec(line)?.[1];
          return setup === undefined ? line : `a=setup:${setup === 'active' ? 'passive' : 'active'}`;
        }),
    }),
  },
  {
    name: 'ssrc-zero',
    summary: 'echoes y= and sends SSRC 0',
    apply: (behaviour) => ({
      ...behaviour,
      ssrc: (offered, random) => ({ y: ssrcDigits(offered ?? randomSsrc(random)), rtp: 0 }),
    }),
  },
  {
    name: 'utf8-names',
    summary: 'XML declared and written as UTF-8',
    apply: (behaviour) => ({ ...behaviour, charset: 'utf-8' }),
  },
  {
    name: 'no-expires',
    summary: 'REGISTER without Expires',
    apply: (behaviour) => ({ ...behaviour, sendExpires: false }),
  },
  {
    name: 'early-connect',
    summary: 'Dahua: connects and sends before the ACK',
    apply: (behaviour) => ({ ...behaviour, earlyMedia: true }),
  },
  {
    name: 'no-invite-response',
    summary: 'sends after an INVITE and never answers it',
    apply: (behaviour) => ({
      ...behaviour,
      earlyMedia: true,
      wireFaults: [...behaviour.wireFaults, withoutInviteResponse],
    }),
  },
  {
    name: 'lost-invite-response',
    summary: 'every answer to an INVITE is lost, sends after the ACK',
    apply: (behaviour) => ({ ...behaviour, wireFaults: [...behaviour.wireFaults, withoutInviteResponse] }),
  },
  {
    name: 'late-invite-response',
    summary: `sends after an INVITE and answers N seconds later: late-invite-response=N, ${DEFAULT_ANSWER_SEC} where not given`,
    apply: (behaviour, argument) => ({
      ...behaviour,
      earlyMedia: true,
      answerAfterSec: argument ?? DEFAULT_ANSWER_SEC,
    }),
  },
  {
    name: 'bye-after',
    summary: `ends each session after N seconds: bye-after=N, ${DEFAULT_BYE_SEC} where not given`,
    apply: (behaviour, argument) => ({ ...behaviour, byeAfterSec: argument ?? DEFAULT_BYE_SEC }),
  },
  {
    name: 'refuse-info',
    summary: 'playback cannot be steered: INFO is answered 501',
    apply: (behaviour) => ({ ...behaviour, infoAnswer: 'refused' }),
  },
  {
    name: 'ignore-info',
    summary: 'playback cannot be steered: INFO is not answered',
    apply: (behaviour) => ({ ...behaviour, infoAnswer: 'none' }),
  },
  {
    name: 'no-reverse',
    summary: 'does not play backwards: a negative Scale is answered with 456',
    apply: (behaviour) => ({ ...behaviour, playsBackwards: false }),
  },
  {
    name: 'media-status-outside',
    summary: 'Hikvision: MediaStatus 121 comes outside of the dialog',
    apply: (behaviour) => ({ ...behaviour, mediaStatus: 'outside' }),
  },
  {
    name: 'no-media-status',
    summary: 'a recording ends without MediaStatus 121, in silence',
    apply: (behaviour) => ({ ...behaviour, mediaStatus: 'none' }),
  },
  {
    name: 'rotate-port',
    summary: 'another source port for each REGISTER (UDP)',
    apply: (behaviour) => ({ ...behaviour, rotatesPort: true }),
  },
  {
    name: 'no-sub-stream',
    summary: 'sends the main stream, whichever stream the offer asks for',
    apply: (behaviour) => ({ ...behaviour, hasSubStream: false }),
  },
  {
    name: 'no-idr-request',
    summary: 'ignores IFrameCmd and IFameCmd',
    apply: (behaviour) => ({ ...behaviour, honoursIdrRequests: false }),
  },
];

function withoutInviteResponse(message: Buffer): Buffer | undefined {
  const end = message.indexOf('\r\n\r\n');
  const head = message.toString('latin1', 0, end < 0 ? message.length : end);
  return head.startsWith('SIP/2.0 ') && /\r\nCSeq\s*:\s*\d+\s+INVITE\b/i.test(head) ? undefined : message;
}

/** Content-Length 0 and one that cuts the body's end off, in turns, of messages that have a body. */
function wrongContentLength(): (message: Buffer) => Buffer {
  let turn = 0;
  return (message) => {
    const end = message.indexOf('\r\n\r\n');
    if (end < 0) return message;
    const head = message.toString('latin1', 0, end);
    const match = /\r\n(?:Content-Length|l)\s*:\s*(\d+)/i.exec(head);
    const length = Number(match?.[1] ?? 0);
    if (match === null || length === 0) return message;
    turn += 1;
    const wrong = turn % 2 === 1 ? 0 : Math.max(1, length - 5);
    const changed = head.replace(match[0], `\r\nContent-Length: ${wrong}`);
    return Buffer.concat([Buffer.from(changed, 'latin1'), message.subarray(end)]);
  };
}

export const QUIRKS: readonly Quirk[] = [...SIGNALLING_QUIRKS, ...COMMAND_QUIRKS, ...PS_QUIRKS, ...RTP_QUIRKS];

/** The standard's behaviour with quirks on top, each `name` or `name=number`. @throws CameraOptionError */
export function behaviourWith(quirks: readonly string[]): Behaviour {
  let behaviour = STANDARD_BEHAVIOUR;
  for (const text of quirks) {
    const [name = '', argument] = text.split('=', 2);
    const quirk = QUIRKS.find((each) => each.name === name);
    if (quirk === undefined)
      throw new CameraOptionError(`unknown quirk ${name}, known: ${QUIRKS.map((each) => each.name).join(', ')}`);
    const number = argument === undefined ? undefined : Number(argument);
    if (number !== undefined && !(number > 0))
      throw new CameraOptionError(`quirk ${name} needs a positive number, got ${argument}`);
    behaviour = quirk.apply(behaviour, number);
  }
  return behaviour;
}
