import type { Browser, Page } from 'playwright-core';

export interface PublisherOptions {
  /** RTCRtpSender codec to prefer, e.g. `video/H264`. */
  readonly codec?: string;
  readonly simulcast?: boolean;
}

/** A page that sends its fake camera and microphone, without any library. */
export class PagePublisher {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** `base`: a page of a secure context, because only there are cameras given. */
  static async create(browser: Browser, base: string): Promise<PagePublisher> {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    await page.goto(base);
    await page.evaluate(PAGE_SCRIPT);
    return new PagePublisher(page);
  }

  async offer(options: PublisherOptions = {}): Promise<string> {
    return this.page.evaluate<string>(`gbrtcPublishOffer(${JSON.stringify(options)})`);
  }

  async answer(sdp: string): Promise<void> {
    await this.page.evaluate<void>(`gbrtcPublishAnswer(${JSON.stringify(sdp)})`);
  }

  /** Bit/s of video that the encoder has put out over the given time. */
  async videoBitrate(overMs: number): Promise<number> {
    return this.page.evaluate<number>(`gbrtcVideoBitrate(${overMs})`);
  }

  async connectionState(): Promise<string> {
    return this.page.evaluate<string>('gbrtcPublisher.connectionState');
  }

  async close(): Promise<void> {
    await this.page.evaluate<void>('gbrtcPublisher.close()');
    await this.page.close();
  }
}

const PAGE_SCRIPT = `(() => {
async function gbrtcPublishOffer({ codec, simulcast }) {
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 25 }, audio: true });
  const peer = window.gbrtcPublisher = new RTCPeerConnection();
  const [video] = media.getVideoTracks();
  const encodings = simulcast ? [{ rid: 'q', scaleResolutionDownBy: 2 }, { rid: 'f' }] : undefined;
  peer.addTransceiver(media.getAudioTracks()[0], { direction: 'sendonly', streams: [media] });
  const sender = peer.addTransceiver(video, { direction: 'sendonly', streams: [media], ...(encodings ? { sendEncodings: encodings } : {}) });
  if (codec) {
    const all = RTCRtpSender.getCapabilities('video').codecs;
    const wanted = all.filter((entry) => entry.mimeType.toLowerCase() === codec.toLowerCase());
    sender.setCodecPreferences([...wanted, ...all.filter((entry) => !wanted.includes(entry))]);
  }
  await peer.setLocalDescription(await peer.createOffer());
  return peer.localDescription.sdp;
}
async function gbrtcPublishAnswer(sdp) {
  await gbrtcPublisher.setRemoteDescription({ type: 'answer', sdp });
}
async function sentBytes() {
  let bytes = 0;
  for (const entry of (await gbrtcPublisher.getStats()).values()) {
    if (entry.type === 'outbound-rtp' && entry.kind === 'video') bytes += entry.bytesSent;
  }
  return bytes;
}
async function gbrtcVideoBitrate(overMs) {
  const before = await sentBytes();
  await new Promise((resolve) => setTimeout(resolve, overMs));
  return ((await sentBytes()) - before) * 8000 / overMs;
}
Object.assign(window, { gbrtcPublishOffer, gbrtcPublishAnswer, gbrtcVideoBitrate });
})()`;
