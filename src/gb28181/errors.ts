import { GatewayError } from '../util/index.ts';

/** No device with this id is known. */
export class DeviceUnknownError extends GatewayError {
  override readonly code = 'device_not_found';
  constructor(deviceId: string) {
    super(`device ${deviceId} is not known`);
  }
}

/** The device has no such channel in its catalogue. */
export class ChannelUnknownError extends GatewayError {
  override readonly code = 'channel_unknown';
  constructor(deviceId: string, channelId: string) {
    super(`device ${deviceId} has no channel ${channelId}`);
  }
}

/** The device is known but not registered, not admitted, or went away during the operation. */
export class DeviceOfflineError extends GatewayError {
  override readonly code = 'device_offline';
  constructor(deviceId: string, reason = 'not registered') {
    super(`device ${deviceId} is offline: ${reason}`);
  }
}

/** The device took the request (SIP 200) but its MANSCDP answer did not come in time. */
export class DeviceSilentError extends GatewayError {
  override readonly code = 'device_no_response';
  constructor(deviceId: string, command: string, waitedMs: number) {
    super(`device ${deviceId} did not answer ${command} within ${waitedMs} ms`);
  }
}

/** The device refused a MESSAGE with a SIP status, or answered it with Result=ERROR (status 200). */
export class DeviceRefusedError extends GatewayError {
  override readonly code = 'device_refused';
  readonly status: number;
  /** `Result ERROR`, with what the device says about it, or the SIP status. */
  readonly detail: string;
  constructor(deviceId: string, command: string, status: number, reason = '') {
    const detail = status === 200 ? `Result ERROR${reason === '' ? '' : `: ${reason}`}` : `status ${status}`;
    super(`device ${deviceId} refused ${command} with ${detail}`);
    this.status = status;
    this.detail = detail;
  }
}

/** A command of GB/T 28181-2022 for a device that registered with an older edition. */
export class EditionError extends GatewayError {
  override readonly code = 'edition_unsupported';
  constructor(deviceId: string, command: string, gbVersion: string) {
    super(`device ${deviceId} has X-GB-ver ${gbVersion}, ${command} needs 3.0 (GB/T 28181-2022) or force`);
  }
}

/** One upgrade at a time. */
export class UpgradeRunningError extends GatewayError {
  override readonly code = 'upgrade_running';
  constructor(deviceId: string, state: string) {
    super(`device ${deviceId} is being upgraded, state ${state}`);
  }
}

/** Too many orders for pictures are under way. */
export class SnapshotLimitError extends GatewayError {
  override readonly code = 'snapshot_limit';
  constructor(running: number, limit: number) {
    super(`${running} snapshot sessions are open, limit ${limit}`);
  }
}

/** The answer came in a shape that cannot be read. */
export class DeviceAnswerError extends GatewayError {
  override readonly code = 'device_bad_answer';
  constructor(deviceId: string, command: string) {
    super(`the answer of device ${deviceId} to ${command} is broken XML`);
  }
}

/** The MESSAGE itself got no SIP response, or no connection. */
export class DeviceUnreachableError extends GatewayError {
  override readonly code = 'device_unreachable';
  constructor(deviceId: string, command: string, cause: unknown) {
    super(`device ${deviceId} cannot be reached for ${command}`, { cause });
  }
}

/** Too many requests wait for answers of devices. */
export class PendingLimitError extends GatewayError {
  override readonly code = 'too_many_requests_pending';
  constructor(pending: number, limit: number) {
    super(`${pending} requests wait for an answer, limit ${limit}`);
  }
}

/** The caller gave up. */
export class RequestAbortedError extends GatewayError {
  override readonly code = 'request_aborted';
  constructor(what: string) {
    super(`${what} was aborted`);
  }
}

/** A final response of 300 or more to an INVITE. */
export class InviteRejectedError extends GatewayError {
  override readonly code = 'invite_rejected';
  readonly status: number;
  readonly reason: string;
  constructor(channelId: string, status: number, reason: string) {
    super(`invite of ${channelId} rejected with ${status} ${reason}`);
    this.status = status;
    this.reason = reason;
  }
}

/** No final response to an INVITE in time. */
export class InviteTimeoutError extends GatewayError {
  override readonly code = 'invite_timeout';
  constructor(channelId: string, waitedMs: number) {
    super(`invite of ${channelId} got no final response within ${waitedMs} ms`);
  }
}

/** The caller gave up while the INVITE was open. */
export class InviteAbortedError extends GatewayError {
  override readonly code = 'invite_aborted';
  constructor(channelId: string) {
    super(`invite of ${channelId} was aborted`);
  }
}

/** The 200 to an INVITE carries no usable session description; the dialog was ended. */
export class InviteAnswerError extends GatewayError {
  override readonly code = 'invite_bad_answer';
  constructor(channelId: string, fault: string) {
    super(`answer of ${channelId} is unusable: ${fault}`);
  }
}

/** All numbers of one kind are in use in this SIP domain. */
export class SsrcExhaustedError extends GatewayError {
  override readonly code = 'ssrc_exhausted';
  constructor(inUse: number, limit: number) {
    super(`${inUse} SSRC numbers in use, limit ${limit}`);
  }
}

/** The local side of the route to a device cannot be found and none is configured. */
export class MediaAddressError extends GatewayError {
  override readonly code = 'media_address_unknown';
  constructor(remote: string, cause?: unknown) {
    super(`no local address is known for the route to ${remote}`, { cause });
  }
}
