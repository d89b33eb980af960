import { GatewayError } from '../util/index.ts';

/** A text that cannot be the name of a recording's file. */
export class RecordingNameError extends GatewayError {
  override readonly code = 'file_name_invalid';
}

/** No recording has this id. */
export class RecordingUnknownError extends GatewayError {
  override readonly code = 'recording_unknown';
}

/** A running recording cannot be deleted. */
export class RecordingRunningError extends GatewayError {
  override readonly code = 'recording_running';
}

/** More recordings at the same time than the bound. */
export class RecordingLimitError extends GatewayError {
  override readonly code = 'recording_limit';
}

/** Less free space than `record.minFreeBytes`. */
export class DiskSpaceError extends GatewayError {
  override readonly code = 'disk_space_low';
}

/** The folder of the recordings cannot be made or used. */
export class RecordPathError extends GatewayError {
  override readonly code = 'record_path_unusable';
}

/** Stopped, or the gateway closes, before the first picture. */
export class RecordingStoppedError extends GatewayError {
  override readonly code = 'recording_stopped';
}

/** More downloads at the same time than the bound. */
export class DownloadLimitError extends GatewayError {
  override readonly code = 'download_limit';
}

/** No download has this id. */
export class DownloadUnknownError extends GatewayError {
  override readonly code = 'download_unknown';
}

/** It runs, lacks nothing, or is continued already. */
export class DownloadNotResumableError extends GatewayError {
  override readonly code = 'download_not_resumable';
}

/** No picture of a stream could be taken. */
export class SnapshotError extends GatewayError {
  override readonly code: 'ffmpeg_missing' | 'ffmpeg_failed' | 'no_key_frame' | 'codec_unsupported';
  constructor(code: SnapshotError['code'], detail: string) {
    super(`no snapshot: ${detail}`);
    this.code = code;
  }
}
