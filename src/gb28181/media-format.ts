/** Video half of `f=` (GB/T 28181 13.5); fields are the codes of the standard, absent where left empty. */
export interface VideoFormat {
  /** 1 MPEG-4, 2 H.264, 3 SVAC, 4 3GP, 5 H.265. */
  readonly codec?: number;
  /** 1 QCIF … 6 1080p, or `WxH`. */
  readonly resolution?: string;
  readonly frameRate?: number;
  /** 1 constant, 2 variable. */
  readonly rateType?: number;
  readonly kbps?: number;
}

/** Audio half of `f=`. */
export interface AudioFormat {
  /** 1 G.711, 2 G.723.1, 3 G.729, 4 G.722.1, 5 SVAC, 6 AAC. */
  readonly codec?: number;
  readonly bitRate?: number;
  readonly samplingRate?: number;
}

export interface MediaFormat {
  readonly video: VideoFormat;
  readonly audio: AudioFormat;
}

const FORMAT = /^\s*v\/([^/]*)\/([^/]*)\/([^/]*)\/([^/]*)\/([^/]*?)\/?\s*a\/([^/]*)\/([^/]*)\/([^/]*)/i;

function numberOf<K extends string>(key: K, text: string | undefined): { readonly [P in K]?: number } {
  const trimmed = text?.trim() ?? '';
  return /^\d{1,9}$/.test(trimmed) ? ({ [key]: Number(trimmed) } as { [P in K]: number }) : {};
}

/** Reads the value of `f=`; devices write it empty, short or with a slash before `a`: what cannot be read is undefined. */
export function parseMediaFormat(value: string): MediaFormat | undefined {
  const match = FORMAT.exec(value);
  if (match === null) return undefined;
  const [, videoCodec, resolution = '', frameRate, rateType, kbps, audioCodec, bitRate, samplingRate] = match;
  return {
    video: {
      ...numberOf('codec', videoCodec),
      ...(resolution.trim() !== '' && { resolution: resolution.trim() }),
      ...numberOf('frameRate', frameRate),
      ...numberOf('rateType', rateType),
      ...numberOf('kbps', kbps),
    },
    audio: {
      ...numberOf('codec', audioCodec),
      ...numberOf('bitRate', bitRate),
      ...numberOf('samplingRate', samplingRate),
    },
  };
}

/** Writes the value of `f=`, empty fields kept. */
export function formatMediaFormat({ video, audio }: MediaFormat): string {
  const { codec = '', resolution = '', frameRate = '', rateType = '', kbps = '' } = video;
  const audioPart = [audio.codec ?? '', audio.bitRate ?? '', audio.samplingRate ?? ''].join('/');
  return `v/${codec}/${resolution}/${frameRate}/${rateType}/${kbps}a/${audioPart}`;
}
