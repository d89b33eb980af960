import type { RequestHandler } from 'express';
import { ApiError } from '../errors.ts';

/** Refuses paths that do not decode or that carry control characters, before any route looks at them. */
export function guardPath(): RequestHandler {
  return (req, _res, next) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(req.path);
    } catch {
      return next(new ApiError('invalid_request', 'the path has a broken percent-encoding'));
    }
    if (hasControl(decoded)) {
      return next(new ApiError('invalid_request', 'the path has a control character'));
    }
    return next();
  };
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
