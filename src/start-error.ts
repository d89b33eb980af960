import { errorMessage, GatewayError } from './util/index.ts';

/** A part that knows nothing of configuration keys could not open. */
export class StartError extends GatewayError {
  readonly code = 'start_failed';
}

/** Adds the configuration key that the failure of a part is about. */
export async function about<T>(key: string, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    throw new StartError(`${errorMessage(error)} (configuration: ${key})`, { cause: error });
  }
}
