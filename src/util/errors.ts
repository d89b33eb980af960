/** Root of every error that this project throws; `code` is stable and listed in docs/errors.md. */
export abstract class GatewayError extends Error {
  abstract readonly code: string;

  override get name(): string {
    return this.constructor.name;
  }
}

/** Text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
