import type { Request, RequestHandler } from 'express';
import { ApiError } from '../errors.ts';
import { hostOf, pageHost } from './context.ts';

/**
 * For the console that Vite builds: own scripts and styles only, Element Plus sets style attributes, pictures
 * from canvas (snapshot) and media from WebRTC or Media Source Extensions are allowed.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' blob: mediastream:",
  "connect-src 'self' ws: wss:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
];

/** Pictures also from where the tiles of the map are. */
function policyFor(tileUrl: string): string {
  // `{s}` stands for one of several hosts.
  const host = /^(https?:\/\/)([^/?#]+)/.exec(tileUrl.replace('{s}', '*'));
  const source = host === null ? '' : ` ${host[1]}${host[2]}`;
  return POLICY.map((rule) => (rule.startsWith('img-src') ? rule + source : rule)).join('; ');
}

/** Headers of every response. Tokens stand in URLs, so no referrer leaves. */
export function securityHeaders(tileUrl: string): RequestHandler {
  const policy = policyFor(tileUrl);
  return (_req, res, next) => {
    res.setHeader('Content-Security-Policy', policy);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('X-Frame-Options', 'SAMEORIGIN');
    res.setHeader('Referrer-Policy', 'no-referrer');
    next();
  };
}

/** CORS of the compatible interfaces: any origin, never with cookies. Answers preflights itself. */
export function cors(options: {
  methods: string;
  headers: string;
  expose?: string;
  status: 200 | 204;
}): RequestHandler {
  return (req, res, next) => {
    res.setHeader('Access-Control-Allow-Origin', '*');
    if (options.expose !== undefined) res.setHeader('Access-Control-Expose-Headers', options.expose);
    if (req.method !== 'OPTIONS') return next();
    res.setHeader('Access-Control-Allow-Methods', options.methods);
    res.setHeader('Access-Control-Allow-Headers', options.headers);
    res.setHeader('Access-Control-Max-Age', '600');
    return res.status(options.status).end();
  };
}

/**
 * Where no token is needed: refuses what pages of other hosts send. Without CORS they read no answer, but a POST that
 * has no body needs no permission of ours to be sent.
 */
export function ownPagesOnly(): RequestHandler {
  return (req, _res, next) => {
    const page = pageHost(req);
    if (page === undefined || req.headers['sec-fetch-site'] === 'same-origin') return next();
    if (page !== '' && (page === hostOf(req)?.hostname || page === forwardedHost(req))) return next();
    const text = `while http.auth.enable is off pages of other hosts are refused: ${req.headers.origin?.slice(0, 256)}`;
    return next(new ApiError('forbidden', text));
  };
}

/** A proxy that is not trusted says by which name it was asked all the same; a page cannot. */
function forwardedHost(req: Request): string | undefined {
  const host =
    String(req.headers['x-forwarded-host'] ?? '')
      .split(',', 1)[0]
      ?.trim() ?? '';
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}
