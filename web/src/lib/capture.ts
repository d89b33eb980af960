/** What a page publishes: a camera, the screen, or sound alone. */
export type CaptureSource = 'camera' | 'screen' | 'microphone';

/** Why there is nothing to publish. `insecure`: browsers give cameras only to HTTPS and localhost. */
export type CaptureProblem =
  | 'insecure'
  | 'unsupported'
  | 'noScreen'
  | 'denied'
  | 'systemDenied'
  | 'noCamera'
  | 'noMicrophone'
  | 'busy'
  | 'constraints'
  | 'ended'
  | 'other';

export const RESOLUTIONS = ['640x360', '640x480', '1280x720', '1920x1080'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** Value of the sound choice: a microphone's id, or one of these. */
export const NO_SOUND = 'none';
export const SCREEN_SOUND = 'screen';

export interface CaptureChoice {
  readonly source: CaptureSource;
  /** Empty = the browser's default. */
  readonly cameraId: string;
  readonly sound: string;
  readonly resolution: Resolution;
}

/** Video codecs that the gateway takes, as people call them; the value is the MIME type. */
const CODEC_LABELS: Readonly<Record<string, string>> = {
  'video/h264': 'H.264',
  'video/vp8': 'VP8',
  'video/vp9': 'VP9',
  'video/av1': 'AV1',
};

/** Those that this browser can send, each once. */
export function publishableCodecs(
  offered: readonly { readonly mimeType: string }[],
): { value: string; label: string }[] {
  const known = new Set(offered.map(({ mimeType }) => mimeType.toLowerCase()));
  return Object.entries(CODEC_LABELS).flatMap(([value, label]) => (known.has(value) ? [{ value, label }] : []));
}

export function videoConstraints({ cameraId, resolution }: CaptureChoice): MediaTrackConstraints {
  const [width, height] = resolution.split('x').map(Number);
  return {
    ...(cameraId === '' ? {} : { deviceId: { exact: cameraId } }),
    width: { ideal: width ?? 1280 },
    height: { ideal: height ?? 720 },
    frameRate: { ideal: 30 },
  };
}

/** Absent = no sound from a microphone. */
export function audioConstraints({ sound }: CaptureChoice): MediaTrackConstraints | undefined {
  if (sound === NO_SOUND || sound === SCREEN_SOUND) return undefined;
  return {
    ...(sound === '' ? {} : { deviceId: { exact: sound } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
}

/** Reads what getUserMedia or getDisplayMedia threw; undefined = somebody closed the screen's dialog. */
export function captureProblem(error: unknown, source: CaptureSource): CaptureProblem | undefined {
  const { name, message } = error instanceof Error ? error : { name: '', message: '' };
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      if (/system/i.test(message)) return 'systemDenied';
      return source === 'screen' ? undefined : 'denied';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return source === 'microphone' ? 'noMicrophone' : source === 'screen' ? 'noScreen' : 'noCamera';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'OverconstrainedError':
      return 'constraints';
    case 'SecurityError':
      return 'insecure';
    default:
      return 'other';
  }
}
