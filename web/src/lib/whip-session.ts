import { deleteResource, postOffer } from '../api/whep.ts';

/** One send-only connection; made for one try and thrown away with it. */
export interface WhipSession {
  readonly peer: RTCPeerConnection;
  /** The server's name of this publication. */
  readonly publicationId: string | undefined;
  /** `gone`: the server has ended it already and need not be told. */
  close(gone?: boolean): void;
}

export interface WhipRequest {
  readonly url: string;
  readonly tracks: readonly MediaStreamTrack[];
  /** MIME type, e.g. `video/H264`; absent = the browser's order. */
  readonly codec?: string;
}

/** The wished codec first, the others behind it, so that the answer may still choose. */
function preferCodec(transceiver: RTCRtpTransceiver, codec: string): void {
  const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const wanted = all.filter(({ mimeType }) => mimeType.toLowerCase() === codec.toLowerCase());
  const others = all.filter(({ mimeType }) => mimeType.toLowerCase() !== codec.toLowerCase());
  if (wanted.length > 0) transceiver.setCodecPreferences?.([...wanted, ...others]);
}

async function exchange(
  peer: RTCPeerConnection,
  request: WhipRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const media = new MediaStream([...request.tracks]);
  for (const track of request.tracks) {
    const transceiver = peer.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    if (track.kind === 'video' && request.codec !== undefined) preferCodec(transceiver, request.codec);
  }
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await postOffer(request.url, peer.localDescription?.sdp ?? '', signal);
  try {
    signal.throwIfAborted();
    await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  } catch (error) {
    if (answer.resource !== undefined) void deleteResource(answer.resource);
    throw error;
  }
  return answer.resource;
}

const sessionOf = (resource: string | undefined) =>
  resource === undefined ? undefined : (new URL(resource, location.href).searchParams.get('session') ?? undefined);

/** RFC 9725. @throws ApiError from the server, DOMException when aborted or when the answer is refused */
export async function openWhip(
  request: WhipRequest,
  onState: (state: RTCPeerConnectionState) => void,
  signal: AbortSignal,
): Promise<WhipSession> {
  const peer = new RTCPeerConnection();
  peer.addEventListener('connectionstatechange', () => onState(peer.connectionState));
  try {
    const resource = await exchange(peer, request, signal);
    let closed = false;
    return {
      peer,
      publicationId: sessionOf(resource),
      close(gone = false) {
        if (closed) return;
        closed = true;
        if (gone || resource === undefined) return peer.close();
        // First the DELETE: the DTLS alert of a closed connection would overtake it and make it a 404.
        void deleteResource(resource).finally(() => peer.close());
      },
    };
  } catch (error) {
    peer.close();
    throw error;
  }
}
