import express, { type RequestHandler } from 'express';
import type { z } from 'zod';
import { ApiError } from '../errors.ts';

/** Bound of every request body, JSON and SDP. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads any body as text, whatever its Content-Type says: srs-sip's and SRS's clients send JSON under
 * several names.
 */
export function readText(): RequestHandler {
  return express.text({ type: () => true, limit: MAX_BODY_BYTES, defaultCharset: 'utf-8' });
}

/** The text that `readText` left; empty where the request had no body. */
export function textOf(body: unknown): string {
  return typeof body === 'string' ? body : '';
}

/** @throws ApiError `invalid_json` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError('invalid_json', text === '' ? 'the body is empty, JSON expected' : 'the body is not JSON', {
      cause: error,
    });
  }
}

/** Checks input against its schema. @throws ApiError `invalid_request` that lists every problem with its path */
export function validate<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const details = result.error.issues
    .slice(0, 20)
    .map(({ path, message }) => `${[where, ...path.map(String)].join('.')}: ${message}`);
  throw new ApiError('invalid_request', details.join('; '), { details });
}
