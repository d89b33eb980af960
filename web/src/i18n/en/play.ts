/** Stages of the evidence timeline, as a support engineer would say them. */
export const stages = {
  requested: 'Requested',
  invite_sent: 'INVITE sent to the device',
  trying: 'Device is trying',
  ok: 'Device agreed (200 OK)',
  first_rtp: 'First media packet arrived',
  ssrc_ok: 'Stream number (SSRC) confirmed',
  first_pack: 'First MPEG-PS pack read',
  codec: 'Codec recognised',
  sub_stream: 'Sub-stream checked',
  audio: 'Sound recognised',
  first_key_frame: 'First key frame complete',
  producer: 'Ready for browsers',
  viewer_offer: 'This browser asked to watch',
  ice: 'Network path found (ICE)',
  dtls: 'Encrypted (DTLS)',
  first_frame: 'First frame decoded',
  fallback: 'Trying another media transport',
  playing: 'Playing',
  failed: 'Failed',
  closed: 'Ended',
};

/** Shown in a cell while it waits; short. */
export const waiting = {
  starting: 'Starting…',
  requested: 'Asking the device…',
  invite_sent: 'Waiting for the device to answer…',
  trying: 'The device is preparing…',
  ok: 'Waiting for the first packet…',
  first_rtp: 'Checking the stream…',
  ssrc_ok: 'Reading the stream…',
  first_pack: 'Looking for the video…',
  codec: 'Waiting for a key frame…',
  first_key_frame: 'Preparing the picture…',
  producer: 'Connecting the browser…',
  fallback: 'Trying another media transport…',
};

/** Failure codes: what happened, and what to do about it. */
export const failures = {
  device_offline: {
    title: 'The device is offline',
    text: 'It is not registered at this gateway, or its keepalives stopped coming.',
    advice:
      'Check its power and network, and that server ID, address, port and password in its GB28181 page are those of this gateway. The picture starts by itself when it registers again.',
  },
  invite_timeout: {
    title: 'The device does not answer',
    text: 'It is registered, but it did not answer the INVITE in time.',
    advice:
      'Usually a NAT or firewall lets its messages out and ours not in. Allow UDP and TCP of the SIP port in both directions, shorten its keepalive interval to 30 s or register it by TCP. Restart the device if it answers nothing at all.',
  },
  invite_rejected: {
    title: 'The device refused to send',
    text: 'It answered the INVITE with an error.',
    advice:
      '403 or 404: the channel ID is not one of the device’s. 486 or 488: too many viewers or a media format it does not know; try the sub-stream or another media transport in its settings. 5xx: restart the device.',
  },
  no_rtp: {
    title: 'No media arrives',
    text: 'The device agreed to send, but not one packet came.',
    advice:
      'The device cannot reach the media ports. Open the RTP port range of this gateway (settings, media), and check the media address that the device was told: behind NAT it must be the public one.',
  },
  rtp_wrong_ssrc: {
    title: 'Packets of another stream arrive',
    text: 'The packets carry a stream number (SSRC) that was not agreed.',
    advice: 'Some firmware makes up its own number. Set the SSRC check of this device to “accept what comes”.',
  },
  rtp_wrong_source: {
    title: 'Packets come from a wrong address',
    text: 'Media arrives from an address that is neither in the device’s answer nor the one of its SIP, and its SSRC check is strict.',
    advice:
      'Look at the address in the timeline. If it is another sender, stop that one; if it is a second network card or NAT of this device, set its SSRC check to “accept what comes”.',
  },
  ps_no_video: {
    title: 'The stream has no video in it',
    text: 'Packets arrive, but there is no picture in the MPEG-PS stream.',
    advice:
      'Switch video on for this channel and choose H.264 in the camera. On an NVR, check that a camera is connected to this channel.',
  },
  no_key_frame: {
    title: 'No complete picture to start with',
    text: 'Video arrives, but no key frame came, also not on request.',
    advice: 'Set the I-frame interval of the camera to 1–2 seconds (25–50 frames) and switch “Smart/H.264+” modes off.',
  },
  codec_unsupported: {
    title: 'This codec cannot be played here yet',
    text: 'The camera sends a video codec that the gateway cannot bring into browsers.',
    advice:
      'Set the video encoding of the camera (or of its sub-stream) to H.264 without “+”, or watch the sub-stream.',
  },
  ice_failed: {
    title: 'Your browser cannot reach the media port',
    text: 'The gateway receives the picture, but the browser found no network path to it.',
    advice:
      'Open UDP and TCP of the WebRTC port (8000 and up) and set webrtc.candidate to the address under which you open this page. VPNs and browser extensions can block WebRTC, too.',
  },
  no_browser_frame: {
    title: 'The browser shows no frame',
    text: 'Packets reach the browser, but it decoded nothing.',
    advice: 'Try another browser or the sub-stream. Chromium without H.264 shows this as well.',
  },
  no_media_port: {
    title: 'No free media port',
    text: 'All RTP ports of the gateway are in use or still resting.',
    advice: 'Widen media.port-min … port-max in the configuration, or close streams that nobody needs.',
  },
  media_lost: {
    title: 'The stream broke off',
    text: 'Packets came and then stopped.',
    advice:
      'The device or the network on the way failed. The gateway opens the stream again by itself; if it happens often, look at the network of the device.',
  },
  device_bye: {
    title: 'The device ended the stream',
    text: 'It said BYE.',
    advice: 'Often its limit of simultaneous streams, or a restart. Try again in a moment.',
  },
  closed: {
    title: 'The stream was closed',
    text: 'It was ended on the gateway.',
    advice: 'Play it again if you still need it.',
  },
  webrtc_unavailable: {
    title: 'The media engine is restarting',
    text: 'The WebRTC part of the gateway is not ready at the moment.',
    advice: 'The picture comes back by itself within seconds.',
  },
  viewer_limit: {
    title: 'Too many viewers',
    text: 'As many watch as the gateway lets watch at a time.',
    advice: 'Close cells and pages that nobody needs. This page tries again by itself.',
  },
  stream_limit: {
    title: 'Too many streams',
    text: 'As many streams run as the gateway takes.',
    advice: 'Close streams that nobody needs on the streams page. This page tries again by itself.',
  },
  forbidden: {
    title: 'You may not watch this',
    text: 'The login or the token of this page does not allow it.',
    advice: 'Ask the administrator, or open the link that you were given again.',
  },
  rtsp_unreachable: {
    title: 'The RTSP camera cannot be reached',
    text: 'There is no connection to its address.',
    advice: 'Check its power and network, and address and port on the streams page.',
  },
  rtsp_timeout: {
    title: 'The RTSP camera does not answer',
    text: 'It is there, but did not answer in time.',
    advice: 'Its load or the network is too high. This page tries again by itself.',
  },
  rtsp_unauthorized: {
    title: 'The RTSP camera refuses the login',
    text: 'User name or password is missing or wrong.',
    advice: 'Add the camera again with the right account.',
  },
  rtsp_not_found: {
    title: 'The RTSP camera has no such stream',
    text: 'The path of its address is not known there.',
    advice: 'Look for the path in the manufacturer’s manual and add the camera again.',
  },
  rtsp_refused: {
    title: 'The RTSP camera refuses to send',
    text: 'It answered with an error.',
    advice: 'Often too many connections are open to it. Look into its settings.',
  },
  rtsp_bad_answer: {
    title: 'The RTSP camera’s answer cannot be understood',
    text: 'What it sends is not RTSP, or sends us in a circle.',
    advice: 'Check the address and the port, then the firmware of the camera.',
  },
  rtsp_connection_lost: {
    title: 'The connection to the RTSP camera broke off',
    text: 'It ended, or nothing came any more.',
    advice: 'The gateway opens it again by itself; if it happens often, look at the network of the camera.',
  },
  pull_silent: {
    title: 'The RTSP camera sends no packets',
    text: 'It agreed to send, and nothing comes.',
    advice: 'Set its transport to TCP on the streams page: UDP may be blocked on the way.',
  },
  pull_ended: {
    title: 'The stream was ended here',
    text: 'Somebody closed it, or publishes its name now.',
    advice: 'Play it again if you still need it.',
  },
  device_unknown: {
    title: 'The gateway does not know this device',
    text: 'It was deleted, or never registered here.',
    advice: 'Choose another camera, or connect this one again.',
  },
  channel_unknown: {
    title: 'This channel is gone',
    text: 'It is not in the device’s catalogue any more.',
    advice: 'Refresh the catalogue on the devices page.',
  },
  stream_unknown: {
    title: 'This stream is not live',
    text: 'Nobody publishes under this name at the moment.',
    advice: 'The picture starts by itself when somebody publishes it again.',
  },
  unauthorized: {
    title: 'You are signed out',
    text: 'The login has run out.',
    advice: 'Sign in again.',
  },
  network: {
    title: 'The gateway does not answer',
    text: 'The connection to the server is interrupted.',
    advice: 'This page tries again by itself.',
  },
  browser_unsupported: {
    title: 'This browser cannot play WebRTC',
    text: 'It has no RTCPeerConnection, or it was switched off.',
    advice: 'Use a current Chromium, Chrome, Edge, Firefox or Safari.',
  },
  browser_no_h264: {
    title: 'This browser has no H.264',
    text: 'Cameras send H.264. Firefox decodes it by its OpenH264 plugin, which it fetches from the Internet by itself.',
    advice:
      'Look for OpenH264 under “Plugins” of about:addons and let Firefox reach the Internet once, or use Chrome, Edge or Safari.',
  },
  unknown: {
    title: 'There is no picture',
    text: 'The gateway reported: {code}',
    advice: 'Open the timeline to see how far it came.',
  },
};

export const timeline = {
  none: 'Nothing has been asked of this camera yet',
  noneText: 'Play it, and every step from the request to the first frame is listed here.',
  summary: 'Picture after {time}',
  opening: 'Opening…',
  playing: 'Playing',
  failed: 'No picture',
  closed: 'Ended',
  advice: 'What to do',
  said: 'The gateway says',
  transport: 'Media over {transport}',
  sipStatus: 'SIP {status}',
  messages: 'SIP messages',
  messagesNone: 'No SIP message of this play is kept any more.',
  messagesFailed: 'The messages could not be loaded: {message}',
  sent: 'to the device',
  received: 'from the device',
};
