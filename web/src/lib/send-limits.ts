export interface SendLimits {
  readonly maxBitrate: number;
  readonly scaleResolutionDownBy: number;
}

/** So many members and fewer get this; each of them receives what all others send. */
const STEPS: readonly (SendLimits & { readonly upTo: number })[] = [
  { upTo: 4, maxBitrate: 1_500_000, scaleResolutionDownBy: 1 },
  { upTo: 9, maxBitrate: 600_000, scaleResolutionDownBy: 2 },
  { upTo: Number.POSITIVE_INFINITY, maxBitrate: 250_000, scaleResolutionDownBy: 4 },
];

/** How much of a 1280 × 720 picture is worth sending to a room of so many. */
export function sendLimits(members: number): SendLimits {
  const { maxBitrate, scaleResolutionDownBy } = STEPS.find(({ upTo }) => members <= upTo)!;
  return { maxBitrate, scaleResolutionDownBy };
}

/** Changes what the encoder of a live connection puts out; needs no new offer. */
export async function applySendLimits(peer: RTCPeerConnection | undefined, limits: SendLimits): Promise<void> {
  const sender = peer?.getSenders().find(({ track }) => track?.kind === 'video');
  const parameters = sender?.getParameters();
  const [encoding] = parameters?.encodings ?? [];
  if (sender === undefined || parameters === undefined || encoding === undefined) return;
  if (encoding.maxBitrate === limits.maxBitrate) return;
  Object.assign(encoding, limits);
  await sender.setParameters(parameters);
}

/** The document's name of the codec that is sent, e.g. `vp8`. */
export function sentCodec(peer: RTCPeerConnection | undefined): string {
  const sender = peer?.getSenders().find(({ track }) => track?.kind === 'video');
  return (sender?.getParameters().codecs[0]?.mimeType ?? '').replace(/^video\//, '').toLowerCase();
}
