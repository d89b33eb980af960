import type { Browser, Page } from 'playwright-core';

/** An event of seed 004 §2, without its envelope. */
export interface PageMeetingEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface PageMeetingOptions {
  /** Of the MeetingServer. */
  readonly url: string;
  readonly app?: string;
  readonly channel: string;
  readonly endpoint: string;
}

/**
 * A client of the MeetingServer in a page, written from its document and that of the media server alone (seeds 004 and
 * 001): joins, publishes its fake camera, declares it, and plays what the others declare.
 */
export class PageMeeting {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** `base`: a page of a secure context, because only there are cameras given. */
  static async open(browser: Browser, base: string): Promise<PageMeeting> {
    const page = await browser.newPage({ ignoreHTTPSErrors: true });
    await page.goto(base);
    await page.evaluate(PAGE_SCRIPT);
    return new PageMeeting(page);
  }

  /** Joins, publishes and declares, plays those who are there and those who come. */
  async meet(options: PageMeetingOptions): Promise<void> {
    await this.page.evaluate(`gbrtcMeet(${JSON.stringify({ app: 'test', ...options })})`);
  }

  /** Joins again over a new WebSocket; the streams go on. */
  async rejoin(): Promise<void> {
    await this.page.evaluate('gbrtcJoin()');
  }

  /** Frames decoded of each endpoint that is played. */
  async frames(): Promise<Readonly<Record<string, number>>> {
    return this.page.evaluate('gbrtcFrames()');
  }

  /** The endpoints of `channel.dump` with the type of the stream that each has declared, if any. */
  async members(): Promise<Readonly<Record<string, string>>> {
    return this.page.evaluate('gbrtcMembers()');
  }

  /** What the server has told since the last time. */
  async events(): Promise<PageMeetingEvent[]> {
    return this.page.evaluate('gbrtcEvents.splice(0)');
  }

  async broadcast(data: object): Promise<void> {
    await this.page.evaluate(`gbrtcRequest('broadcast', ${JSON.stringify(data)})`);
  }

  /** As a client does that ends its part in order. */
  async leave(): Promise<void> {
    await this.page.evaluate('gbrtcLeave()');
  }

  /** The WebSocket of the meeting goes without a word; media goes on. */
  async drop(): Promise<void> {
    await this.page.evaluate('gbrtcSocket.close()');
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

const PAGE_SCRIPT = `(() => {
let options, session = '', cseq = 0, mediaServer;
const waiting = new Map(), players = new Map();
let publisher;
window.gbrtcEvents = [];

/* Seed 001: one WebSocket for each stream, offer out, answer back. */
async function media(method, stream, peer) {
  const socket = new WebSocket(mediaServer.wss || mediaServer.ws);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error('no media server')); });
  await peer.setLocalDescription(await peer.createOffer());
  socket.send(JSON.stringify({ version: '1.0', method, stream, session: '', data: { sdp: peer.localDescription.sdp } }));
  const reply = JSON.parse(await new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data); }));
  if (reply.err !== 0) throw new Error(method + ': ' + JSON.stringify(reply));
  await peer.setRemoteDescription({ type: 'answer', sdp: reply.data.sdp });
  return socket;
}
const connected = (peer) => new Promise((resolve, reject) => {
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === 'connected') resolve();
    if (peer.connectionState === 'failed') reject(new Error('no connection for media'));
  };
});

/* Seed 004. */
function gbrtcRequest(method, data) {
  cseq += 1;
  gbrtcSocket.send(JSON.stringify({ version: 0, cseq, method, session, data }));
  return new Promise((resolve, reject) => waiting.set(cseq, { resolve, reject }));
}
function handle(message) {
  if (message.event) {
    gbrtcEvents.push({ event: message.event, data: message.data });
    const { endpoint, stream, stat } = message.data;
    if (message.event === 'stream' && stat === 'publish') play(endpoint, stream);
    if (message.event === 'stream' && stat === 'unpublish') stop(endpoint);
    if (message.event === 'endpoint' && stat === 'leave') stop(endpoint);
    return;
  }
  const { resolve, reject } = waiting.get(message.cseq);
  waiting.delete(message.cseq);
  if (message.err === 0) resolve(message.data); else reject(new Error(message.err_msg));
}
async function gbrtcJoin() {
  session = '';
  window.gbrtcSocket = new WebSocket(options.url);
  gbrtcSocket.onmessage = ({ data }) => handle(JSON.parse(data));
  await new Promise((resolve, reject) => { gbrtcSocket.onopen = resolve; gbrtcSocket.onerror = () => reject(new Error('no meeting server')); });
  const { app, channel, endpoint } = options;
  const data = await gbrtcRequest('channel.join', { app, channel, endpoint, role: 'normal' });
  session = data.session;
  mediaServer = data.media_server;
}
async function dump() {
  return (await gbrtcRequest('channel.dump', {})).endpoint_list;
}
async function gbrtcMembers() {
  return Object.fromEntries((await dump()).map(({ endpoint, stream }) => [endpoint, stream ? stream.type : '']));
}
async function play(endpoint, stream) {
  if (players.has(endpoint)) return;
  const peer = new RTCPeerConnection();
  players.set(endpoint, { peer });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  peer.addTransceiver('video', { direction: 'recvonly' });
  const video = document.createElement('video');
  Object.assign(video, { muted: true, autoplay: true });
  document.body.append(video);
  peer.ontrack = ({ streams }) => { video.srcObject = streams[0]; };
  players.get(endpoint).socket = await media('stream.play', stream, peer);
}
function stop(endpoint) {
  const player = players.get(endpoint);
  players.delete(endpoint);
  player?.peer.close();
  player?.socket?.close();
}
async function publish() {
  const captured = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240, frameRate: 15 }, audio: true });
  const peer = new RTCPeerConnection();
  for (const track of captured.getTracks()) peer.addTransceiver(track, { direction: 'sendonly', streams: [captured] });
  const up = connected(peer);
  publisher = { peer, socket: await media('stream.publish', options.endpoint, peer) };
  await up;
  const stream = { type: 'camera', stream_id: options.endpoint, has_video: true, has_audio: true, audio_codec: 'opus', video_codec: 'vp8' };
  await gbrtcRequest('stream.add', { stream });
}
async function gbrtcMeet(given) {
  options = given;
  await gbrtcJoin();
  for (const { endpoint, stream } of await dump()) {
    if (stream && endpoint !== options.endpoint) play(endpoint, stream.stream_id);
  }
  await publish();
}
async function gbrtcFrames() {
  const frames = {};
  for (const [endpoint, { peer }] of players) {
    frames[endpoint] = 0;
    for (const entry of (await peer.getStats()).values()) {
      if (entry.type === 'inbound-rtp' && entry.kind === 'video') frames[endpoint] += entry.framesDecoded ?? 0;
    }
  }
  return frames;
}
async function gbrtcLeave() {
  await gbrtcRequest('stream.delete', { stream_id: options.endpoint });
  await gbrtcRequest('channel.leave', {});
  for (const endpoint of [...players.keys()]) stop(endpoint);
  publisher.peer.close();
  publisher.socket.close();
  gbrtcSocket.close();
}
Object.assign(window, { gbrtcMeet, gbrtcJoin, gbrtcRequest, gbrtcMembers, gbrtcFrames, gbrtcLeave });
})()`;
