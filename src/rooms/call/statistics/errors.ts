import { GatewayError } from '../../../util/index.ts';

/** The days that were asked for are none. */
export class DateRangeError extends GatewayError {
  readonly code = 'date_range_invalid';
}
