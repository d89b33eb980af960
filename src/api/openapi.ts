import { OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { COOKIE_NAME } from './auth/gate.ts';
import { document } from './openapi/documented.ts';
import { SRS, WEBRTC_HTTP } from './openapi/srs.ts';
import { srsSip } from './openapi/srs-sip.ts';
import { SYSTEM } from './openapi/system.ts';
import type { Routes } from './rest/route.ts';
import { documentSnapshotUploads } from './rest/snapshot-uploads.ts';

const DESCRIPTION =
  'GB/T 28181 cameras in the browser. Errors have stable codes (docs/errors.md). ' +
  '/srs-sip/v1, /rtc/v1 and the lists of SRS are compatible with the programs they come from.';

/** OpenAPI 3.1 of everything, made from the schemas that the server checks with. */
export function buildOpenApi(
  routes: Routes,
  version: string,
  srsSipRows: ReadonlyArray<{ readonly method: string; readonly path: string }>,
): unknown {
  const { registry } = routes;
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
  registry.registerComponent('securitySchemes', 'query', { type: 'apiKey', in: 'query', name: 'token' });
  registry.registerComponent('securitySchemes', 'cookie', { type: 'apiKey', in: 'cookie', name: COOKIE_NAME });
  documentSnapshotUploads(registry);
  document(registry, [...srsSip(srsSipRows), ...SRS, ...WEBRTC_HTTP, ...SYSTEM]);
  const generated = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'gbrtc', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
  });
  return JSON.parse(JSON.stringify(generated, withoutFlags));
}

/** The generator leaves `/u` behind a pattern; JSON Schema reads all of them that way (2020-12 core, 6.4). */
function withoutFlags(key: string, value: unknown): unknown {
  return key === 'pattern' && typeof value === 'string' ? value.replace(/\/u$/, '') : value;
}
