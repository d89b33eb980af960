import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router, type RequestHandler } from 'express';
import type { Logger } from '../util/index.ts';
import { ApiError } from './errors.ts';

/** Paths that belong to interfaces; the console's fallback never answers them. */
const INTERFACES = /^\/(?:api|rtc|srs-sip|metrics|healthz)(?:\/|$)/;
const YEAR_SEC = 31_536_000;

const notFound: RequestHandler = (req) => {
  throw new ApiError('not_found', `nothing at ${req.path.slice(0, 256)}`);
};

const notBuilt: RequestHandler = (_req, res) => {
  res.status(503).type('text/plain');
  res.send('gbrtc is running, but its console is not built. The API is described at /api/v1/openapi.json\n');
};

/**
 * Folder of the console: the configured one, where there is a console in it, else the bundled one. A config.yaml of
 * srs-sip names the folder of srs-sip's own pages, which is not here.
 */
export function consoleFolder(configured: string, bundled: string, log: Pick<Logger, 'warn'>): string {
  if (configured === '') return bundled;
  if (existsSync(join(configured, 'index.html'))) return configured;
  log.warn({ dir: configured }, 'http.dir has no index.html: the console that comes with gbrtc is served');
  return bundled;
}

/**
 * The built console: hashed files of `assets/` are kept by browsers, everything else is asked for again, and
 * unknown pages get index.html because the console routes by itself.
 */
export function createConsole(webRoot: string | undefined): Router {
  const router = Router();
  if (webRoot === undefined) return router.get('/', notBuilt).use(notFound);
  router.use(
    '/assets',
    express.static(join(webRoot, 'assets'), { index: false, immutable: true, maxAge: YEAR_SEC * 1000 }),
  );
  router.use(
    express.static(webRoot, {
      dotfiles: 'ignore',
      setHeaders: (res) => res.setHeader('Cache-Control', 'no-cache'),
    }),
  );
  router.use((req, res, next) => {
    const page = (req.method === 'GET' || req.method === 'HEAD') && !INTERFACES.test(req.path);
    // A missing script must fail as such, not arrive as a page.
    if (!page || /\.[a-z0-9]{1,8}$/i.test(req.path)) return next();
    res.setHeader('Cache-Control', 'no-cache');
    return res.sendFile('index.html', { root: webRoot }, (error?: Error) => {
      if (error !== undefined && !res.headersSent) void notBuilt(req, res, next);
    });
  });
  return router.use(notFound);
}
