import type { Browser, Page } from 'playwright-core';
import { clockStrip, decodeClockStrip } from '../../src/camera/clock-code.ts';

/** What one sample of the picture shows. */
export interface PictureSample {
  /** Number in the burnt-in clock; absent where none could be read. */
  readonly frame?: number;
  /** Wall clock of the page when the frame was handed to the compositor. */
  readonly at: number;
  readonly width: number;
  readonly height: number;
}

export interface PlayerStatistics {
  readonly framesDecoded: number;
  readonly width: number;
  readonly height: number;
  readonly audioPackets: number;
  readonly connectionState: string;
  readonly cipher: string;
}

/** How the page gets its answer: SRS's JSON call, or WHEP. */
export type PlayApi = 'whep' | 'srs';

/** A player without a library, in a page of the gateway's own origin. */
export class GatewayPlayer {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, base: string): Promise<GatewayPlayer> {
    const page = await browser.newPage();
    await page.goto(`${base}/healthz`);
    await page.evaluate(PAGE_SCRIPT);
    return new GatewayPlayer(page);
  }

  /**
   * Plays a stream; with `invite`, calls `/srs-sip/v1/invite` first, as srs-sip's player does. Resolves with the
   * milliseconds from the first call to the first decoded frame.
   */
  async play(options: {
    readonly stream?: string;
    readonly invite?: { readonly deviceId: string; readonly channelId: string };
    readonly api?: PlayApi;
  }): Promise<number> {
    return this.page.evaluate<number>(`gbrtcPlay(${JSON.stringify({ api: 'whep', ...options })})`);
  }

  async statistics(): Promise<PlayerStatistics> {
    return this.page.evaluate<PlayerStatistics>('gbrtcStatistics()');
  }

  /** The next frame that the video element presents, with the number of its burnt-in clock. */
  async nextPicture(): Promise<PictureSample> {
    return this.page.evaluate<PictureSample>('gbrtcNextPicture()');
  }

  /** Resolves when so many more frames than now are decoded. */
  async waitFrames(count: number, timeoutMs = 10_000): Promise<void> {
    const from = (await this.statistics()).framesDecoded;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const { framesDecoded, connectionState } = await this.statistics();
      if (framesDecoded >= from + count) return;
      if (Date.now() > deadline) {
        throw new Error(
          `${framesDecoded - from} of ${count} frames within ${timeoutMs} ms (connection ${connectionState})`,
        );
      }
      await this.page.waitForTimeout(50);
    }
  }

  async stop(): Promise<void> {
    await this.page.evaluate('gbrtcStop()');
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

const PAGE_SCRIPT = `(() => {
${clockStrip.toString().replaceAll('CLOCK_CODE.columns', '40').replaceAll('CLOCK_CODE.squares', '20')}
${decodeClockStrip.toString()}
let gbrtcPeer, gbrtcVideo, gbrtcResource;
const gbrtcCanvas = document.createElement('canvas');

async function gbrtcJson(path, body) {
  const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (answer.code !== 0) throw new Error(path + ': ' + JSON.stringify(answer));
  return answer;
}

async function gbrtcAnswer(api, stream, sdp) {
  if (api === 'srs') {
    const streamurl = stream.startsWith('webrtc:') ? stream : 'webrtc://' + location.host + '/live/' + stream;
    return (await gbrtcJson('/rtc/v1/play/', { api: location.origin + '/rtc/v1/play/', streamurl, clientip: null, sdp })).sdp;
  }
  const name = stream.startsWith('webrtc:') ? new URL(stream.replace('webrtc:', 'http:')).pathname.split('/').pop() : stream;
  const [app, last] = name.includes('/') ? name.split('/') : ['live', name];
  const response = await fetch('/rtc/v1/whep/?app=' + app + '&stream=' + encodeURIComponent(last), { method: 'POST', headers: { 'content-type': 'application/sdp' }, body: sdp });
  if (response.status !== 201) throw new Error('WHEP ' + response.status + ': ' + await response.text());
  gbrtcResource = response.headers.get('location');
  return response.text();
}

async function gbrtcPlay({ stream, invite, api }) {
  const started = performance.now();
  let name = stream;
  if (invite) {
    const { data } = await gbrtcJson('/srs-sip/v1/invite', { device_id: invite.deviceId, channel_id: invite.channelId, media_server_id: 1, play_type: 0, sub_stream: 0, start_time: 0, end_time: 0 });
    name = data.url;
  }
  gbrtcPeer = new RTCPeerConnection();
  gbrtcPeer.addTransceiver('audio', { direction: 'recvonly' });
  gbrtcPeer.addTransceiver('video', { direction: 'recvonly' });
  gbrtcVideo = document.createElement('video');
  gbrtcVideo.muted = true;
  gbrtcVideo.autoplay = true;
  document.body.replaceChildren(gbrtcVideo);
  const media = new MediaStream();
  gbrtcVideo.srcObject = media;
  gbrtcPeer.ontrack = ({ track }) => media.addTrack(track);
  const shown = new Promise((resolve) => gbrtcVideo.requestVideoFrameCallback(() => resolve(performance.now() - started)));
  await gbrtcPeer.setLocalDescription(await gbrtcPeer.createOffer());
  await gbrtcPeer.setRemoteDescription({ type: 'answer', sdp: await gbrtcAnswer(api, name, gbrtcPeer.localDescription.sdp) });
  return Promise.race([
    shown,
    new Promise((resolve, reject) => setTimeout(() => reject(new Error('no frame within 15 s, connection ' + gbrtcPeer.connectionState)), 15000)),
  ]);
}

async function gbrtcStatistics() {
  const result = { framesDecoded: 0, width: 0, height: 0, audioPackets: 0, connectionState: gbrtcPeer.connectionState, cipher: '' };
  for (const row of (await gbrtcPeer.getStats()).values()) {
    if (row.type === 'inbound-rtp' && row.kind === 'video') Object.assign(result, { framesDecoded: row.framesDecoded ?? 0, width: row.frameWidth ?? 0, height: row.frameHeight ?? 0 });
    if (row.type === 'inbound-rtp' && row.kind === 'audio') result.audioPackets = row.packetsReceived ?? 0;
    if (row.type === 'transport') result.cipher = row.srtpCipher ?? '';
  }
  return result;
}

function gbrtcNextPicture() {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no new frame within 5 s')), 5000);
    gbrtcVideo.requestVideoFrameCallback(() => {
      clearTimeout(timer);
      const at = performance.timeOrigin + performance.now();
      const { videoWidth: width, videoHeight: height } = gbrtcVideo;
      const strip = clockStrip(width, height);
      gbrtcCanvas.width = strip.width;
      gbrtcCanvas.height = strip.height;
      const context = gbrtcCanvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(gbrtcVideo, strip.x, strip.y, strip.width, strip.height, 0, 0, strip.width, strip.height);
      const { data } = context.getImageData(0, 0, strip.width, strip.height);
      resolve({ frame: decodeClockStrip(data, strip.width, strip.height), at, width, height });
    });
  });
}

async function gbrtcStop() {
  gbrtcPeer.close();
  if (gbrtcResource) await fetch(gbrtcResource, { method: 'DELETE' });
  gbrtcResource = undefined;
}

Object.assign(window, { gbrtcPlay, gbrtcStatistics, gbrtcNextPicture, gbrtcStop });
})()`;
