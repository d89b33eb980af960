/** Why a call failed: the server's stable code, or `network` when it was not reached. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly playId: string | undefined;
  readonly sipStatus: number | undefined;

  constructor(message: string, fields: { code: string; status: number; playId?: string; sipStatus?: number }) {
    super(message);
    this.name = 'ApiError';
    this.code = fields.code;
    this.status = fields.status;
    this.playId = fields.playId;
    this.sipStatus = fields.sipStatus;
  }
}

interface ErrorBody {
  readonly error?: { code?: string; message?: string; playId?: string; sipStatus?: number };
}

const parseError = (text: string): NonNullable<ErrorBody['error']> => {
  try {
    return (JSON.parse(text) as ErrorBody).error ?? {};
  } catch {
    return {};
  }
};

/** Reads the error body of any status ≥ 400. */
export async function toApiError(response: Response): Promise<ApiError> {
  const { code, message, playId, sipStatus } = parseError(await response.text());
  return new ApiError(message ?? `${response.status} ${response.statusText}`, {
    code: code ?? `http_${response.status}`,
    status: response.status,
    ...(playId !== undefined && { playId }),
    ...(sipStatus !== undefined && { sipStatus }),
  });
}

let onUnauthorized: () => void = () => {};

/** Called when the server no longer knows our login. */
export function handleUnauthorized(handler: () => void): void {
  onUnauthorized = handler;
}

/** Fetch whose failures are ApiErrors; aborts pass through as they are. */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError('the gateway cannot be reached', { code: 'network', status: 0 });
  }
  if (response.ok) return response;
  const error = await toApiError(response);
  if (error.code === 'unauthorized') onUnauthorized();
  throw error;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly signal?: AbortSignal;
  /** It goes out also where the page is left at this moment. */
  readonly keepalive?: boolean;
}

/** A call of `/api/v1` that answers with JSON, or with nothing for a 204. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== '') query.set(key, String(value));
  }
  const suffix = query.size > 0 ? `?${query.toString()}` : '';
  const response = await send(`/api/v1${path}${suffix}`, {
    method,
    ...(options.body !== undefined && {
      body: JSON.stringify(options.body),
      headers: { 'Content-Type': 'application/json' },
    }),
    ...(options.signal && { signal: options.signal }),
    ...(options.keepalive && { keepalive: true }),
  });
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}
