import { GatewayError, type Logger } from '../util/index.ts';
import { PmsError } from './errors.ts';
import type { RecordStartMessage, RecordStopMessage } from './messages.ts';
import type { PmsRecordings, PmsRights } from './types.ts';

export interface RecordControlParts {
  readonly recordings: PmsRecordings;
  readonly rights: PmsRights;
  readonly log: Logger;
}

/** `record.start` and `record.stop`, whatever carries them. */
export class RecordControl {
  readonly #recordings: PmsRecordings;
  readonly #rights: PmsRights;
  readonly #log: Logger;

  constructor({ recordings, rights, log }: RecordControlParts) {
    this.#recordings = recordings;
    this.#rights = rights;
    this.#log = log;
  }

  /** Resolves when the first picture is written. @throws PmsError, GatewayError */
  async start({ stream, data }: RecordStartMessage, token: string | undefined): Promise<{ fileName: string }> {
    await this.#checkRight(data.token ?? token, stream);
    const { fileName, targetHost, targetPort } = data;
    if ((targetHost ?? targetPort ?? undefined) !== undefined) {
      this.#log.info({ stream, targetHost, targetPort }, 'target of a recording is not used: the stream is taken here');
    }
    const request = { stream, requestedBy: 'pms' as const, ...(fileName === undefined ? {} : { fileName }) };
    const { files } = await this.#start(request);
    return { fileName: files[0]?.fileName ?? '' };
  }

  /** Resolves when the files are finished. @throws PmsError `job_not_found` */
  async stop({ stream, data }: RecordStopMessage, token: string | undefined): Promise<{ fileNames: string[] }> {
    await this.#checkRight(data.token ?? token, stream);
    const { fileName } = data;
    const which = { requestedBy: 'pms' as const, ...(fileName === undefined ? {} : { fileName }) };
    const stopped = await this.#recordings.stopStream(stream, which);
    if (stopped.length === 0) throw new PmsError('job_not_found', 'job not found');
    return { fileNames: stopped.flatMap(({ files }) => files.map((file) => file.fileName)) };
  }

  async #start(request: Parameters<PmsRecordings['start']>[0]): ReturnType<PmsRecordings['start']> {
    try {
      return await this.#recordings.start(request);
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'stream_not_found') {
        const text = `StreamId[${request.stream}] Publisher not found`;
        throw new PmsError('publisher_not_found', text, { cause: error });
      }
      throw error;
    }
  }

  /** Who may publish a stream may record it: a viewer must not fill the disk. @throws PmsError `not_allowed` */
  async #checkRight(token: string | undefined, stream: string): Promise<void> {
    const found = await this.#rights.check(token, 'publish', stream.includes('/') ? stream : `live/${stream}`);
    if (found === 'ok') return;
    const why = found === 'other' ? 'this token does not allow that' : 'a valid token is needed';
    throw new PmsError('not_allowed', `record not allowed: ${why}`);
  }
}
