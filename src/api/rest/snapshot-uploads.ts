import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import express, { Router, type Request, type RequestHandler } from 'express';
import type { ApiContext } from '../context.ts';
import { ApiError } from '../errors.ts';
import { z } from 'zod';
import { filesOfForm } from '../http/multipart.ts';
import { problemResponses } from '../schemas/common.ts';

export const UPLOAD_PATH = '/api/v1/snapshot-uploads';
/** Of one upload: ten pictures of a 4K camera fit in. */
const MAX_UPLOAD_BYTES = 32 * 1024 * 1024;
const ID = /^[0-9a-f]{32}$/;
const METHODS = ['post', 'put'] as const;

/**
 * Where cameras bring their pictures: by POST or PUT, as they are or as multipart/form-data, some with the file name
 * behind the address. The standard says nothing about it (GB/T 28181-2022 9.5). Session and secret in the path are
 * the authentication; they are made for one order and end with it.
 */
export function createSnapshotUploads({ parts: { snapshots } }: ApiContext): Router {
  const router = Router();
  const receive: RequestHandler = async (req, res) => {
    const { sessionId, secret } = idsOf(req);
    const result = await snapshots.receive({ sessionId, secret, files: filesOf(req) });
    switch (result) {
      case 'ok':
        res.status(200).json({ ok: true });
        return;
      case 'unknown_session':
        throw unknownSession();
      case 'not_jpeg':
        throw new ApiError('snapshot_not_jpeg', 'the upload holds no JPEG');
      case 'too_many':
        throw sessionFull('all pictures of this session are here, or it is over');
    }
  };
  const underWay = new UploadsUnderWay();
  const guard: RequestHandler = (req, res, next) => {
    // Before the body is read: strangers shall not send us much, and a device no more at once than one upload may have.
    const ids = idsOf(req);
    const verdict = snapshots.check(ids);
    if (verdict === 'unknown_session') throw unknownSession();
    if (verdict === 'too_many') throw sessionFull('all pictures of this session are here, or it is over');
    res.once('close', underWay.begin(ids.sessionId, declaredBytes(req)));
    next();
  };
  const body = express.raw({ type: () => true, limit: MAX_UPLOAD_BYTES });
  for (const path of [`${UPLOAD_PATH}/:sessionId/:secret`, `${UPLOAD_PATH}/:sessionId/:secret/:fileName`]) {
    for (const method of METHODS) router[method](path, guard, body, receive);
  }
  return router;
}

/** Bytes of each session's uploads that are being received: bodies are kept in memory. */
class UploadsUnderWay {
  readonly #bytes = new Map<string, number>();

  /** Returns what ends it. @throws ApiError `snapshot_session_full` */
  begin(sessionId: string, bytes: number): () => void {
    const before = this.#bytes.get(sessionId) ?? 0;
    if (before > 0 && before + bytes > MAX_UPLOAD_BYTES) {
      throw sessionFull(
        `other uploads of this session bring ${before} bytes, ${MAX_UPLOAD_BYTES} at once is the limit`,
      );
    }
    this.#bytes.set(sessionId, before + bytes);
    return () => {
      const left = (this.#bytes.get(sessionId) ?? 0) - bytes;
      if (left > 0) this.#bytes.set(sessionId, left);
      else this.#bytes.delete(sessionId);
    };
  }
}

/** What a body may have where nothing says how long it is. */
function declaredBytes(req: Request): number {
  const text = req.headers['content-length'] ?? '';
  // A compressed one becomes larger.
  const plain = req.headers['content-encoding'] === undefined && /^\d{1,15}$/.test(text);
  return plain ? Math.max(1, Number(text)) : MAX_UPLOAD_BYTES;
}

/** For OpenAPI: devices are given this address, nobody else needs it. */
export function documentSnapshotUploads(registry: OpenAPIRegistry): void {
  const ids = { sessionId: z.string(), secret: z.string() };
  const shapes = [
    { path: `${UPLOAD_PATH}/{sessionId}/{secret}`, params: z.object(ids) },
    { path: `${UPLOAD_PATH}/{sessionId}/{secret}/{fileName}`, params: z.object({ ...ids, fileName: z.string() }) },
  ];
  for (const { path, params } of shapes) {
    for (const method of METHODS) {
      registry.registerPath({
        method,
        path,
        tags: ['snapshots'],
        summary: 'Where a device brings its pictures: a JPEG as it is, or multipart/form-data',
        operationId: `${method}SnapshotUpload${path.endsWith('{fileName}') ? 'ByFileName' : ''}`,
        security: [],
        request: {
          params,
          body: {
            required: true,
            content: {
              'image/jpeg': { schema: { type: 'string', format: 'binary' } },
              'multipart/form-data': { schema: { type: 'object' } },
            },
          },
        },
        responses: {
          200: {
            description: 'Taken',
            content: { 'application/json': { schema: z.object({ ok: z.literal(true) }).meta({ id: 'Taken' }) } },
          },
          ...problemResponses([400, 403, 404, 409, 413, 415, 422, 500]),
        },
      });
    }
  }
}

function idsOf({ params }: Request): { sessionId: string; secret: string } {
  const { sessionId = '', secret = '' } = params as Readonly<Record<string, string | undefined>>;
  if (!ID.test(sessionId) || !ID.test(secret)) throw unknownSession();
  return { sessionId, secret };
}

function filesOf(req: Request): Buffer[] {
  const body: unknown = req.body;
  if (!Buffer.isBuffer(body)) return [];
  return filesOfForm(req.headers['content-type'] ?? '', body) ?? [body];
}

function sessionFull(message: string): ApiError {
  return new ApiError('snapshot_session_full', message);
}

function unknownSession(): ApiError {
  return new ApiError('snapshot_session_unknown', 'no such snapshot session');
}
