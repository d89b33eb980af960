import type { RequestHandler } from 'express';

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
