import { chromium, type Browser, type Page } from 'playwright-core';
import { loudestSample } from './loudest-sample.ts';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--autoplay-policy=no-user-gesture-required',
];

/** A test pattern as camera and a beep as microphone, given without a question. */
const FAKE_DEVICES = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

interface ChromiumOptions {
  readonly fakeDevices?: boolean;
  /** Further command-line switches. */
  readonly args?: readonly string[];
}

/** Debian's Chromium without a window. */
export async function launchChromium({ fakeDevices = false, args = [] }: ChromiumOptions = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...ARGS, ...(fakeDevices ? FAKE_DEVICES : []), ...args],
  });
}

/** What a playing peer connection has to show. */
export interface PlayState {
  readonly connectionState: string;
  readonly framesDecoded: number;
  /** Frames that the video element has shown or dropped, over all connections' changes. */
  readonly framesShown: number;
  readonly width: number;
  readonly height: number;
  readonly audioPackets: number;
  readonly decoder: string;
  readonly srtpCipher: string;
  readonly videoSsrc: number;
}

/** A player in a page, without any library: offer, answer, a video element, statistics. */
export class PagePlayer {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async create(browser: Browser): Promise<PagePlayer> {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    await page.addScriptTag({ content: PAGE_SCRIPT });
    return new PagePlayer(page);
  }

  async offer(): Promise<string> {
    return this.page.evaluate<string>('gbrtcOffer()');
  }

  async answer(sdp: string): Promise<void> {
    await this.page.evaluate<void>(`gbrtcAnswer(${JSON.stringify(sdp)})`);
  }

  async state(): Promise<PlayState> {
    return this.page.evaluate<PlayState>('gbrtcState()');
  }

  /** Milliseconds from the answer to the first decoded frame. */
  async firstFrameMs(): Promise<number> {
    return this.page.evaluate<number>('gbrtcFirstFrame');
  }

  /** Loudest sample within two seconds, 0 to 1. */
  async loudness(): Promise<number> {
    return loudestSample(this.page, 'gbrtcVideo.srcObject');
  }

  async close(): Promise<void> {
    await this.page.evaluate<void>('gbrtcPeer.close()');
    await this.page.close();
  }
}

const PAGE_SCRIPT = `
let gbrtcPeer, gbrtcVideo, gbrtcFirstFrame, gbrtcAnsweredAt = 0;
async function gbrtcOffer() {
  gbrtcPeer = new RTCPeerConnection();
  gbrtcPeer.addTransceiver('audio', { direction: 'recvonly' });
  gbrtcPeer.addTransceiver('video', { direction: 'recvonly' });
  gbrtcVideo = document.createElement('video');
  gbrtcVideo.muted = true;
  gbrtcVideo.autoplay = true;
  document.body.append(gbrtcVideo);
  gbrtcPeer.ontrack = (event) => { gbrtcVideo.srcObject = event.streams[0]; };
  gbrtcFirstFrame = new Promise((resolve) => gbrtcVideo.requestVideoFrameCallback(() => resolve(performance.now() - gbrtcAnsweredAt)));
  await gbrtcPeer.setLocalDescription(await gbrtcPeer.createOffer());
  return gbrtcPeer.localDescription.sdp;
}
async function gbrtcAnswer(sdp) {
  gbrtcAnsweredAt = performance.now();
  await gbrtcPeer.setRemoteDescription({ type: 'answer', sdp });
}
async function gbrtcState() {
  const state = { connectionState: gbrtcPeer.connectionState, framesDecoded: 0,
    framesShown: gbrtcVideo.getVideoPlaybackQuality().totalVideoFrames, width: gbrtcVideo.videoWidth,
    height: gbrtcVideo.videoHeight, audioPackets: 0, decoder: '', srtpCipher: '', videoSsrc: 0 };
  for (const entry of (await gbrtcPeer.getStats()).values()) {
    if (entry.type === 'transport') state.srtpCipher = entry.srtpCipher ?? '';
    if (entry.type !== 'inbound-rtp') continue;
    if (entry.kind === 'audio') state.audioPackets += entry.packetsReceived;
    if (entry.kind === 'video') {
      state.framesDecoded += entry.framesDecoded ?? 0;
      state.decoder = entry.decoderImplementation ?? '';
      state.videoSsrc = entry.ssrc;
    }
  }
  return state;
}
`;
