import { GatewayError } from '../util/index.ts';

/** An option of the virtual camera that cannot be; told before anything starts. */
export class CameraOptionError extends GatewayError {
  override readonly code = 'camera_option';
}

/** A clip that holds no pictures a camera could send. */
export class ClipError extends GatewayError {
  override readonly code = 'camera_clip';
}

/** The platform did not take all devices in within the time given. */
export class CameraNotReadyError extends GatewayError {
  override readonly code = 'camera_not_ready';
}
