import { isIP } from 'node:net';
import type { Request } from 'express';
import { ApiError } from '../errors.ts';
import { queryValue } from '../http/context.ts';

const MAX_HOST_LENGTH = 253;
const HOST_NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*$/i;

/**
 * SRS's `candidate=` or `eip=`: an address at which this client reaches us, for the answer beside the others. An IP
 * address or a host name (RFC 8839 §5.1, connection-address). @throws ApiError
 */
export function candidateOf(req: Request): { candidate?: string } {
  const name = ['eip', 'candidate'].find((each) => (queryValue(req, each) ?? '') !== '');
  if (name === undefined) return {};
  const candidate = queryValue(req, name) ?? '';
  const valid = isIP(candidate) !== 0 || (candidate.length <= MAX_HOST_LENGTH && HOST_NAME.test(candidate));
  if (valid) return { candidate };
  throw new ApiError(
    'invalid_request',
    `query.${name}: expected an IP address or a host name without port, got ${JSON.stringify(candidate.slice(0, 64))}`,
  );
}
