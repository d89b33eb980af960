import { expect } from 'vitest';
import type { Browser, Page } from 'playwright-core';

/** A message of the RoomServer. */
export interface CallPageMessage {
  readonly cmd: string;
  readonly [field: string]: unknown;
}

export interface CallJoin {
  /** `ws://host:port/ws` */
  readonly url: string;
  readonly roomId: string;
  readonly uid: string;
  readonly appId?: string;
  readonly token?: string;
  /** 0 audio, 1 audio and video (default). */
  readonly talkType?: 0 | 1;
}

/** What one user's page has of one other user. */
export interface CallPair {
  readonly connectionState: string;
  readonly framesDecoded: number;
  readonly audioPackets: number;
  /** As peerConnected has told it; empty before. */
  readonly connectType: string;
}

/** A user of seed 002, written from the document alone: a WebSocket, and one RTCPeerConnection for every other user. */
export class PageCall {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** `base`: a page of a secure context, because only there are cameras given. */
  static async open(browser: Browser, base: string): Promise<PageCall> {
    const page = await browser.newPage();
    await page.goto(base);
    await page.evaluate(PAGE_SCRIPT);
    return new PageCall(page);
  }

  /** Resolves with the respJoin, whatever it says. */
  async join(join: CallJoin): Promise<CallPageMessage> {
    const { url, ...request } = { appId: '10000', token: '', talkType: 1, ...join };
    return this.page.evaluate<CallPageMessage>(`gbrtcCall.join(${JSON.stringify(url)}, ${JSON.stringify(request)})`);
  }

  /** Resolves with the respLeave. */
  async leave(): Promise<CallPageMessage> {
    return this.page.evaluate<CallPageMessage>('gbrtcCall.leave()');
  }

  async turn(index: 0 | 1 | 2 | 3, enable: boolean): Promise<void> {
    await this.page.evaluate(`gbrtcCall.send('turnTalkType', { index: ${index}, enable: ${enable} })`);
  }

  async send(cmd: string, fields: object): Promise<void> {
    await this.page.evaluate(`gbrtcCall.send(${JSON.stringify(cmd)}, ${JSON.stringify(fields)})`);
  }

  /** The connection goes without a word; media goes on. */
  async dropSocket(): Promise<void> {
    await this.page.evaluate('gbrtcCall.dropSocket()');
  }

  /** Everything of one command that has come. */
  async received(cmd: string): Promise<CallPageMessage[]> {
    return this.page.evaluate<CallPageMessage[]>(
      `gbrtcCall.received.filter(({ cmd }) => cmd === ${JSON.stringify(cmd)})`,
    );
  }

  /** By uid. */
  async pairs(): Promise<Record<string, CallPair>> {
    return this.page.evaluate<Record<string, CallPair>>('gbrtcCall.pairs()');
  }

  /** Waits until so many further frames, and some sound, of each of these users have been decoded here. */
  async waitMedia(uids: readonly string[], frames = 10): Promise<void> {
    const before = await this.pairs();
    const progress = async (): Promise<boolean[]> => {
      const now = await this.pairs();
      return uids.map((uid) => {
        const { framesDecoded = 0, audioPackets = 0 } = now[uid] ?? {};
        return (
          framesDecoded >= (before[uid]?.framesDecoded ?? 0) + frames && audioPackets > (before[uid]?.audioPackets ?? 0)
        );
      });
    };
    await expect.poll(progress, { timeout: 45_000 }).toEqual(uids.map(() => true));
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}

const PAGE_SCRIPT = `(() => {
const KEEP_LIVE_MS = 5000;
const received = [];
const peers = new Map();
let socket, self, media, timers = [], waiting = [];

const send = (cmd, fields = {}) =>
  socket.send(JSON.stringify({ cmd, appId: self.appId, sessionId: self.sessionId, roomId: self.roomId, uid: self.uid, uname: self.uname, ...fields, time: String(Date.now()) }));

/** The next message of this command. */
const next = (cmd) => new Promise((resolve) => waiting.push({ cmd, resolve }));

/** §3: one connection for each other user. */
function connect(uid, rtcConfig) {
  peers.get(uid)?.peer.close();
  const peer = new RTCPeerConnection(rtcConfig);
  const entry = { peer, early: [], connectType: '', subSessionId: '' };
  peers.set(uid, entry);
  for (const track of media.getTracks()) peer.addTrack(track, media);
  peer.onicecandidate = ({ candidate }) => candidate && send('candidate', { remoteUid: uid, msg: JSON.stringify(candidate) });
  peer.ontrack = ({ streams }) => {
    if (entry.video) return;
    entry.video = document.createElement('video');
    Object.assign(entry.video, { autoplay: true, muted: true, srcObject: streams[0] });
    document.body.append(entry.video);
  };
  peer.onconnectionstatechange = async () => {
    if (peer.connectionState !== 'connected') return;
    entry.connectType = await connectType(peer);
    if (entry.connectType !== '') send('peerConnected', { connectType: entry.connectType, remoteUid: uid });
  };
  return entry;
}

/** §3: through a relay it is TURN, everything else counts as direct. Statistics may lag behind the connection's state. */
async function connectType(peer) {
  while (peer.connectionState === 'connected') {
    const stats = new Map([...(await peer.getStats()).values()].map((entry) => [entry.id, entry]));
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
    if (local && remote) return [local, remote].some(({ candidateType }) => candidateType === 'relay') ? 'TURN' : 'STUN';
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return '';
}

async function addEarly(entry) {
  for (const candidate of entry.early.splice(0)) await entry.peer.addIceCandidate(candidate);
}

const HANDLERS = {
  /** Whoever is there before the newcomer gets the rtcConfig with this, and offers; the newcomer gets it with the offer. */
  async notifyNewPeer({ uid, rtcConfig }) {
    const { peer } = connect(uid, rtcConfig);
    await peer.setLocalDescription(await peer.createOffer());
    send('offer', { remoteUid: uid, msg: JSON.stringify(peer.localDescription) });
  },
  async respOffer({ result, remoteUid, subSessionId }) {
    if (result === 0 && peers.has(remoteUid)) peers.get(remoteUid).subSessionId = subSessionId;
  },
  async relayOffer({ uid, msg, subSessionId, rtcConfig }) {
    const entry = connect(uid, rtcConfig);
    entry.subSessionId = subSessionId;
    await entry.peer.setRemoteDescription(JSON.parse(msg));
    await entry.peer.setLocalDescription(await entry.peer.createAnswer());
    send('answer', { remoteUid: uid, connectType: 0, msg: JSON.stringify(entry.peer.localDescription) });
    await addEarly(entry);
  },
  async relayAnswer({ uid, msg }) {
    const entry = peers.get(uid);
    await entry.peer.setRemoteDescription(JSON.parse(msg));
    await addEarly(entry);
  },
  async relayCandidate({ uid, msg }) {
    const entry = peers.get(uid);
    if (!entry) return;
    if (entry.peer.remoteDescription) await entry.peer.addIceCandidate(JSON.parse(msg));
    else entry.early.push(JSON.parse(msg));
  },
  async relayLeave({ uid }) {
    peers.get(uid)?.peer.close();
    peers.delete(uid);
  },
};

async function counters(peer) {
  const sum = { framesDecoded: 0, audioPackets: 0, audio: { send: 0, recv: 0 }, video: { send: 0, recv: 0 }, width: 0, height: 0 };
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === 'outbound-rtp') sum[entry.kind].send += entry.bytesSent;
    if (entry.type !== 'inbound-rtp') continue;
    sum[entry.kind].recv += entry.bytesReceived;
    if (entry.kind === 'audio') sum.audioPackets += entry.packetsReceived;
    else Object.assign(sum, { framesDecoded: sum.framesDecoded + (entry.framesDecoded ?? 0), width: entry.frameWidth ?? 0, height: entry.frameHeight ?? 0 });
  }
  return sum;
}

async function report(seconds) {
  for (const [uid, entry] of peers) {
    if (entry.peer.connectionState !== 'connected') continue;
    const now = await counters(entry.peer);
    const before = entry.reported ?? now;
    entry.reported = now;
    const rate = (kind, way) => ({ packetsLostRate: '0.00', bitRate: Math.round((now[kind][way] - before[kind][way]) * 8 / seconds / 1000) });
    const picture = { codecName: 'VP8', width: now.width, height: now.height };
    const frames = Math.round((now.framesDecoded - before.framesDecoded) / seconds);
    send('reportStats', { subSessionId: entry.subSessionId, remoteId: uid,
      audio: { send: rate('audio', 'send'), recv: rate('audio', 'recv') },
      video: { send: { ...rate('video', 'send'), ...picture, frameRateSent: frames }, recv: { ...rate('video', 'recv'), ...picture, frameRateRecv: frames } } });
  }
}

async function join(url, { talkType, token, ...who }) {
  self = { ...who, uname: 'client_' + who.uid, sessionId: '' };
  media ??= await navigator.mediaDevices.getUserMedia({ audio: true, video: talkType === 1 && { width: 320, height: 240, frameRate: 15 } });
  socket = new WebSocket(url);
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error('no WebSocket')); });
  let queue = Promise.resolve();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    received.push(message);
    for (const entry of waiting.filter(({ cmd }) => cmd === message.cmd)) entry.resolve(message);
    waiting = waiting.filter(({ cmd }) => cmd !== message.cmd);
    queue = queue.then(() => HANDLERS[message.cmd]?.(message));
  };
  const answer = next('respJoin');
  send('join', { token, roomName: 'talk-now', userType: 0, talkType, osName: 'Win32', osInfo: 'Win32', browser: 'chrome58.0', sdkInfo: '1.0.0' });
  const reply = await answer;
  if (reply.result !== 0) return reply;
  self.sessionId = reply.sessionId;
  timers = [
    setInterval(() => socket.readyState === WebSocket.OPEN && send('keepLive'), KEEP_LIVE_MS),
    setInterval(() => socket.readyState === WebSocket.OPEN && void report(reply.reportStatsInterval), reply.reportStatsInterval * 1000),
  ];
  return reply;
}

function stop() {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const { peer } of peers.values()) peer.close();
  peers.clear();
}

async function leave() {
  const answer = next('respLeave');
  send('leave', { userType: 0 });
  const reply = await answer;
  stop();
  socket.close();
  return reply;
}

async function pairs() {
  const result = {};
  for (const [uid, { peer, connectType: told }] of peers) {
    const { framesDecoded, audioPackets } = await counters(peer);
    result[uid] = { connectionState: peer.connectionState, framesDecoded, audioPackets, connectType: told };
  }
  return result;
}

window.gbrtcCall = { join, leave, send, pairs, received, dropSocket: () => { for (const timer of timers.splice(0)) clearInterval(timer); socket.close(); } };
})()`;
