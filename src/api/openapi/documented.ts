import type { OpenAPIRegistry } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { operationId } from '../rest/route.ts';
import { problemResponses } from '../schemas/common.ts';

export type Method = 'get' | 'post' | 'patch' | 'delete';

export interface Content {
  /** Media type. */
  readonly type: string;
  readonly schema: z.ZodType;
}

/** One operation that is not made by `Routes`. */
export interface Documented {
  readonly method: Method;
  /** OpenAPI's form; its parameters are texts. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: Content;
  /** Default 200. */
  readonly status?: number;
  readonly answer?: Content;
  readonly headers?: z.ZodObject;
  /** Statuses with the body of every error of ours. */
  readonly errors: readonly number[];
  /** Failures with a body of their own. */
  readonly failures?: Readonly<Record<number, { readonly description: string; readonly content: Content }>>;
  readonly open?: boolean;
}

const contentOf = ({ type, schema }: Content) => ({ [type]: { schema } });

const pathParams = (path: string): z.ZodObject =>
  z.object(Object.fromEntries([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name ?? '', z.string()])));

/** Adds operations to what OpenAPI is written from. */
export function document(registry: OpenAPIRegistry, operations: readonly Documented[]): void {
  for (const operation of operations) {
    const { method, path, tag, summary, query, body, status = 200, answer, headers, open = false } = operation;
    const failures = Object.entries(operation.failures ?? {}).map(([failed, { description, content }]) => [
      failed,
      { description, content: contentOf(content) },
    ]);
    registry.registerPath({
      method,
      path,
      tags: [tag],
      summary,
      operationId: operationId(method, path),
      security: open ? [] : [{ bearer: [] }, { query: [] }, { cookie: [] }],
      request: {
        ...(path.includes('{') ? { params: pathParams(path) } : {}),
        ...(query === undefined ? {} : { query }),
        ...(body === undefined ? {} : { body: { required: true, content: contentOf(body) } }),
      },
      responses: {
        [status]: {
          description: 'Success',
          ...(answer === undefined ? {} : { content: contentOf(answer) }),
          ...(headers === undefined ? {} : { headers }),
        },
        // 400 where the encoding of a path is broken.
        ...problemResponses(new Set([...operation.errors, ...(path.includes('{') ? [400] : [])])),
        ...Object.fromEntries(failures),
      },
    });
  }
}

/** JSON of a schema. */
export const json = (schema: z.ZodType): Content => ({ type: 'application/json', schema });
