import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { ApiError } from '../errors.ts';
import type { RecordedFile } from '../types.ts';
import { parseRange } from './byte-range.ts';

/** RFC 9110 §13.1.5: a range counts only for the representation that the client has begun to read. */
function rangeHeader(req: Request, etag: string): string | undefined {
  const condition = req.headers['if-range'];
  return condition === undefined || condition === etag ? req.headers.range : undefined;
}

/** RFC 9110 §13.1.2; compared weakly. */
function isKnown(req: Request, etag: string): boolean {
  const tags = (req.headers['if-none-match'] ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

/**
 * Sends a file or a range of it (RFC 9110 §14), and closes it. What it has grown by meanwhile is not sent.
 * @throws ApiError `range_unsatisfiable`
 */
export async function sendFile(
  req: Request,
  res: Response,
  { file, attachment }: { file: RecordedFile; attachment: boolean },
): Promise<void> {
  const { bytes, etag, container, fileName, growing, modifiedAt } = file;
  try {
    const range = parseRange(rangeHeader(req, etag), bytes);
    if (range === 'unsatisfiable') {
      throw new ApiError('range_unsatisfiable', `the file has ${bytes} bytes`, {
        headers: { 'Content-Range': `bytes */${bytes}` },
      });
    }
    if (attachment) res.attachment(fileName);
    res.setHeader('Content-Type', `video/${container}`);
    res.setHeader('Accept-Ranges', 'bytes');
    res.setHeader('ETag', etag);
    res.setHeader('Last-Modified', new Date(modifiedAt).toUTCString());
    res.setHeader('Cache-Control', 'private, no-cache');
    // By the tag only: a file that grows within a second keeps its date. While it grows its tag stays, for ranges.
    if (!growing && isKnown(req, etag)) {
      res.status(304).end();
      return;
    }
    const { start, end } = range ?? { start: 0, end: bytes - 1 };
    if (range !== undefined) res.status(206).setHeader('Content-Range', `bytes ${start}-${end}/${bytes}`);
    res.setHeader('Content-Length', end - start + 1);
    if (req.method === 'HEAD' || end < start) {
      res.end();
      return;
    }
    // A client that goes away in the middle is no error of ours.
    await pipeline(file.read(start, end), res).catch(() => res.destroy());
  } finally {
    await file.close();
  }
}
