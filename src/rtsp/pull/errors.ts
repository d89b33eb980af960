import { GatewayError } from '../../util/index.ts';

/** A URL or an account that cannot be used. */
export class PullInvalidError extends GatewayError {
  override readonly code = 'pull_invalid';
}

/** The name has a pull already. */
export class PullExistsError extends GatewayError {
  override readonly code = 'pull_exists';
}

/** More pulls than the bound. */
export class PullLimitError extends GatewayError {
  override readonly code = 'pull_limit';
}

/** None of the other gateways has the stream. */
export class PullNotFoundError extends GatewayError {
  override readonly code = 'stream_not_found';
}

/** The stream has ended, or another one has taken its name. */
export class PullEndedError extends GatewayError {
  override readonly code = 'pull_ended';
}

/** The server is there and sends nothing. */
export class PullSilentError extends GatewayError {
  override readonly code = 'pull_silent';
}

/** The name belongs to a stream that is running. */
export class PullTakenError extends GatewayError {
  override readonly code = 'stream_taken';
}
