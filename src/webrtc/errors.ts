import { GatewayError } from '../util/index.ts';

/** An offer that cannot be answered; the text names what is wrong with it. */
export class SdpError extends GatewayError {
  override readonly code: 'sdp_invalid' | 'codec_unsupported' = 'sdp_invalid';
}

/** An offer that is in order but has no codec in common with the stream. */
export class OfferCodecError extends SdpError {
  override readonly code = 'codec_unsupported';
}

/** No mediasoup worker is up, or it died while it was asked. */
export class WebRtcUnavailableError extends GatewayError {
  override readonly code = 'webrtc_unavailable';
}

/** A worker's UDP or TCP port cannot be bound. */
export class WebRtcPortError extends GatewayError {
  override readonly code = 'port_in_use';
}

/** More viewers than the configured bound. */
export class ViewerLimitError extends GatewayError {
  override readonly code = 'viewer_limit';
}

/** More publications than the configured bound. */
export class PublicationLimitError extends GatewayError {
  override readonly code = 'publication_limit';
}

/** No pair of UDP ports could be opened for a receiver of plain RTP. */
export class PacketPortsError extends GatewayError {
  override readonly code = 'packet_ports_failed';
}
