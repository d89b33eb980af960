import { deleteResource, postOffer, type WhepAnswer } from '../api/whep.ts';

export interface WhepEvents {
  readonly onTrack: (track: MediaStreamTrack) => void;
  readonly onState: (state: RTCPeerConnectionState) => void;
}

/** One receive-only connection; made for one try and thrown away with it. */
export interface WhepSession {
  readonly peer: RTCPeerConnection;
  readonly viewerId: string | undefined;
  readonly playId: string | undefined;
  /** `gone`: the server has forgotten this viewer already and need not be told. */
  close(gone?: boolean): void;
}

/** Offers at once, without gathering: the server is ICE-lite and learns our candidates from the checks. */
async function exchange(peer: RTCPeerConnection, url: string, signal: AbortSignal): Promise<WhepAnswer> {
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await postOffer(url, peer.localDescription?.sdp ?? '', signal);
  try {
    signal.throwIfAborted();
    await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
  } catch (error) {
    if (answer.resource !== undefined) void deleteResource(answer.resource);
    throw error;
  }
  return answer;
}

/** @throws ApiError from the server, DOMException when aborted or when the answer is refused */
export async function openWhep(url: string, events: WhepEvents, signal: AbortSignal): Promise<WhepSession> {
  const peer = new RTCPeerConnection();
  peer.addEventListener('track', ({ track }) => events.onTrack(track));
  peer.addEventListener('connectionstatechange', () => events.onState(peer.connectionState));
  try {
    const answer = await exchange(peer, url, signal);
    let closed = false;
    return {
      peer,
      viewerId: answer.viewerId,
      playId: answer.playId,
      close(gone = false) {
        if (closed) return;
        closed = true;
        if (gone || answer.resource === undefined) return peer.close();
        // First the DELETE: the DTLS alert of a closed connection would overtake it and make it a 404.
        void deleteResource(answer.resource).finally(() => peer.close());
      },
    };
  } catch (error) {
    peer.close();
    throw error;
  }
}
