import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CONNECT_TIMEOUT_MS, DISCONNECTED_GRACE_MS } from './call-peer.ts';
import { type FakePeer, Room, track, type User } from './call-room-fake.ts';
import { SAMPLE_MS } from './peer-mesh.ts';

const settle = () => vi.advanceTimersByTimeAsync(0);

describe('PeerMesh', () => {
  let room: Room;
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('MediaStream', class {});
    room = new Room();
  });
  afterEach(() => {
    for (const { mesh, peers } of room.users.values()) {
      mesh.close();
      mesh.close();
      expect(peers.every(({ closed }) => closed)).toBe(true);
    }
    expect(vi.getTimerCount()).toBe(0);
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  async function pair(): Promise<{ a: User; b: User; pa: FakePeer; pb: FakePeer }> {
    const a = room.join('a');
    const b = room.join('b');
    await settle();
    const [pa, pb] = [a.peers[0]!, b.peers[0]!];
    pa.become('connected');
    pb.become('connected');
    await settle();
    return { a, b, pa, pb };
  }

  test('three users: each pair is offered once, by who was there before', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((uid) => room.join(uid)) as [User, User, User];
    expect(c.phases).toEqual({ a: 'waiting', b: 'waiting' });
    await settle();
    expect(room.sent('offer').map(({ uid, remoteUid }) => [uid, remoteUid])).toEqual([
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ]);
    expect(room.sent('answer').map(({ uid, remoteUid }) => [uid, remoteUid])).toEqual([
      ['b', 'a'],
      ['c', 'a'],
      ['c', 'b'],
    ]);
    expect([a, b, c].map(({ open }) => open.length)).toEqual([2, 2, 2]);
    for (const user of [a, b, c]) {
      for (const peer of user.open) {
        peer.become('connected');
        peer.receive('video');
      }
    }
    await settle();
    expect(b.phases).toEqual({ a: 'connected', c: 'connected' });
    expect(b.members.every(({ videoTrack }) => videoTrack?.kind === 'video')).toBe(true);
    room.leave('a');
    expect([b.phases, c.phases]).toEqual([{ c: 'connected' }, { b: 'connected' }]);
    expect([b.open.length, c.open.length, a.open.length]).toEqual([1, 1, 0]);
  });

  test('the configuration comes with notifyNewPeer and with the offer', async () => {
    const { pa, pb } = await pair();
    expect(pa.config).toEqual({ iceServers: [], iceTransportPolicy: 'all' });
    expect(pb.config).toEqual({ iceServers: [], iceTransportPolicy: 'all' });
  });

  test('candidates reach the other side, early ones after the description', async () => {
    room.silent.add('c');
    const b = room.join('b');
    b.hear({ cmd: 'notifyNewPeer', uid: 'c', rtcConfig: {} });
    await settle();
    const peer = b.peers[0]!;
    b.hear({ cmd: 'relayCandidate', uid: 'c', msg: '{"type":"candidate","label":0,"id":"0","candidate":"one"}' });
    await settle();
    expect(peer.candidates).toEqual([]);
    b.hear({ cmd: 'relayAnswer', uid: 'c', msg: JSON.stringify({ type: 'answer', sdp: 'v=0\r\no=- 1 1\r\n' }) });
    b.hear({ cmd: 'relayCandidate', uid: 'c', msg: '{"candidate":"two","sdpMid":"0","sdpMLineIndex":0}' });
    await settle();
    expect(peer.candidates.map(({ candidate }) => candidate)).toEqual(['one', 'two']);
    peer.find('mine');
    expect(room.sent('candidate')).toMatchObject([{ uid: 'b', remoteUid: 'c' }]);
  });

  test('tracks go to everybody, later ones without another offer', async () => {
    const a = room.join('a');
    const [voice, camera, screen] = [track('audio', 'voice'), track('video', 'camera'), track('video', 'screen')];
    a.mesh.setTracks({ audio: voice, video: camera });
    const b = room.join('b');
    await settle();
    const sending = (user: User) => user.peers[0]!.transceivers.map(({ sender }) => sender.track?.id);
    expect([sending(a), sending(b)]).toEqual([
      ['voice', 'camera'],
      [undefined, undefined],
    ]);
    expect(b.peers[0]!.transceivers.map(({ direction }) => direction)).toEqual(['sendrecv', 'sendrecv']);
    a.mesh.setTracks({ audio: voice, video: screen });
    b.mesh.setTracks({ audio: undefined, video: camera });
    await settle();
    expect([sending(a), sending(b)]).toEqual([
      ['voice', 'screen'],
      [undefined, 'camera'],
    ]);
    expect(room.sent('offer').length).toBe(1);
  });

  test('the way out is shared: the more users, the less for each', async () => {
    const { pa } = await pair();
    const limit = () => pa.transceivers[1]!.sender.limit;
    expect([limit(), pa.transceivers[0]!.sender.limit]).toEqual([1_500_000, undefined]);
    for (const uid of ['c', 'd', 'e']) room.join(uid);
    await settle();
    expect(limit()).toBe(750_000);
    for (const uid of ['c', 'd', 'e']) room.leave(uid);
    await settle();
    expect(limit()).toBe(1_500_000);
  });

  test('mute and screen are told, also to who comes later', async () => {
    const { a, b } = await pair();
    a.mesh.turnDevice('microphone', false);
    a.mesh.turnDevice('screen', true);
    expect(b.members).toMatchObject([{ uid: 'a', microphone: false, camera: true, screen: true }]);
    const c = room.join('c');
    await settle();
    expect(c.members).toMatchObject([
      { uid: 'a', microphone: false, camera: true, screen: true },
      { uid: 'b', microphone: true, camera: true, screen: false },
    ]);
    b.hear({ cmd: 'relayTurnTalkType', uid: 'a', index: 3, enable: true });
    b.hear({ cmd: 'relayTurnTalkType', uid: 'nobody', index: 0, enable: true });
    a.mesh.turnDevice('microphone', true);
    expect(b.members[0]).toMatchObject({ microphone: true });
  });

  test.each([
    { relayed: false, connectType: 'STUN' },
    { relayed: true, connectType: 'TURN' },
  ])('peerConnected says $connectType, once; another way is told again', async ({ relayed, connectType }) => {
    const a = room.join('a');
    room.join('b');
    await settle();
    const peer = a.peers[0]!;
    peer.relayed = relayed;
    expect(room.sent('peerConnected')).toEqual([]);
    peer.become('connected');
    await vi.advanceTimersByTimeAsync(3 * SAMPLE_MS);
    expect(room.sent('peerConnected')).toEqual([{ cmd: 'peerConnected', uid: 'a', connectType, remoteUid: 'b' }]);
    expect(a.members[0]).toMatchObject({ connectType, quality: { roundTripMs: 10 } });
    peer.relayed = !relayed;
    await vi.advanceTimersByTimeAsync(SAMPLE_MS);
    expect(room.sent('peerConnected').length).toBe(2);
  });

  test('peerConnected is told again after a lost connection: the records begin with it', async () => {
    const { a, pa } = await pair();
    pa.become('connected');
    await vi.advanceTimersByTimeAsync(SAMPLE_MS);
    const before = room.sent('peerConnected').length;
    a.mesh.handleResumed();
    await vi.advanceTimersByTimeAsync(2 * SAMPLE_MS);
    const told = { cmd: 'peerConnected', uid: 'a', connectType: 'STUN', remoteUid: 'b' };
    expect(room.sent('peerConnected').slice(before)).toEqual([told]);
  });

  test('reportStats at the interval that the server wants, under our own subSessionId', async () => {
    const { pb } = await pair();
    pb.become('disconnected');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(room.sent('reportStats')).toMatchObject([
      { uid: 'a', subSessionId: 'a-b', remoteId: 'b', audio: { send: { bitRate: 0 } }, video: { recv: { width: 0 } } },
    ]);
    pb.become('connected');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(room.sent('reportStats').map(({ subSessionId }) => subSessionId)).toEqual(['a-b', 'a-b', 'b-a']);
  });

  test.each([
    { state: 'failed', after: 0 },
    { state: 'disconnected', after: DISCONNECTED_GRACE_MS },
  ])('$state: the initiator looks for another way after $after ms, the other side waits', async ({ state, after }) => {
    const { a, b, pa, pb } = await pair();
    pb.become(state);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([b.phases, room.sent('offer').length]).toEqual([{ a: 'lost' }, 1]);
    pa.become(state);
    expect(a.phases).toEqual({ b: 'lost' });
    await vi.advanceTimersByTimeAsync(after);
    expect(room.sent('offer').length).toBe(2);
    expect([pa.restarts, a.peers.length, b.peers.length]).toEqual([1, 1, 1]);
    expect(room.sent('answer').length).toBe(2);
    pa.become('connected');
    pb.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([room.sent('offer').length, a.phases, b.phases]).toEqual([2, { b: 'connected' }, { a: 'connected' }]);
  });

  test('a short interruption is waited for', async () => {
    const { a, pa } = await pair();
    pa.become('disconnected');
    await vi.advanceTimersByTimeAsync(DISCONNECTED_GRACE_MS - 1);
    pa.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([room.sent('offer').length, a.phases]).toEqual([1, { b: 'connected' }]);
  });

  test('no connection within 20 s: tried again', async () => {
    const a = room.join('a');
    room.join('b');
    await vi.advanceTimersByTimeAsync(CONNECT_TIMEOUT_MS - 1);
    expect(a.phases).toEqual({ b: 'connecting' });
    await vi.advanceTimersByTimeAsync(1);
    expect([a.phases, a.peers[0]!.restarts, room.sent('offer').length]).toEqual([{ b: 'lost' }, 1, 2]);
  });

  test('an offer that nobody answers: another connection, in growing distances', async () => {
    const { a, b, pa } = await pair();
    b.online = false;
    pa.become('failed');
    await settle();
    pa.become('failed');
    await vi.advanceTimersByTimeAsync(1000);
    expect([pa.closed, a.peers.length, a.open.length]).toEqual([true, 2, 1]);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(a.open.length).toBe(1);
    expect(a.peers.length).toBeGreaterThan(5);
    expect(a.peers.length).toBeLessThan(30);
    b.online = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect([b.open.length, a.open.length]).toEqual([1, 1]);
    expect(b.open[0]!.remoteDescription?.sdp).toContain(`o=- ${a.open[0]!.session} `);
    for (const { open } of [a, b]) open[0]!.become('connected');
    await settle();
    expect([a.phases, b.phases]).toEqual([{ b: 'connected' }, { a: 'connected' }]);
  });

  test('nonsense for an answer does not make a storm of connections', async () => {
    const { a } = await pair();
    room.silent.add('z');
    a.hear({ cmd: 'notifyNewPeer', uid: 'z', rtcConfig: {} });
    await settle();
    for (let count = 0; count < 100; count++) {
      a.hear({ cmd: 'relayAnswer', uid: 'z', msg: '{"sdp":"nonsense"}' });
      a.hear({ cmd: 'relayCandidate', uid: 'z', msg: `{"candidate":"${count}"}` });
      await settle();
    }
    expect(a.peers.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect([a.peers.length, a.open.length]).toEqual([3, 2]);
  });

  test('who comes back with the same uid is offered a new connection', async () => {
    const { a, b, pa, pb } = await pair();
    room.join('b');
    await settle();
    expect([pa.closed, pb.closed, a.open.length, b.open.length]).toEqual([true, true, 1, 1]);
    expect(room.sent('offer').map(({ uid }) => uid)).toEqual(['a', 'a']);
    // Who offered before and comes back now waits for the other side.
    room.join('a');
    await settle();
    expect(room.sent('offer').map(({ uid }) => uid)).toEqual(['a', 'a', 'b']);
    expect([a.open.length, b.open.length]).toEqual([1, 1]);
  });

  test('a return to an empty room forgets the others', async () => {
    const { a } = await pair();
    a.mesh.handleJoined({ roomId: '22', uname: 'a', reportStatsIntervalSec: 15, users: [] });
    expect([a.members, a.open]).toEqual([[], []]);
  });

  test('both offer at the same time: one connection is left', async () => {
    const { a, b } = await pair();
    const notify = (uid: string) => ({ cmd: 'notifyNewPeer', uid, rtcConfig: {} });
    a.hear(notify('b'));
    b.hear(notify('a'));
    await settle();
    await settle();
    expect([a.open.length, b.open.length]).toEqual([1, 1]);
    expect(b.open[0]!.remoteDescription?.sdp).toContain(`o=- ${a.open[0]!.session} `);
    expect(a.open[0]!.remoteDescription?.sdp).toContain(`o=- ${b.open[0]!.session} `);
  });

  test('somebody who has left halfway is forgotten', async () => {
    const { a } = await pair();
    a.hear({ cmd: 'notifyNewPeer', uid: 'gone', rtcConfig: {} });
    await settle();
    expect(a.members.map(({ uid }) => uid)).toEqual(['b']);
    expect(a.open.length).toBe(1);
  });

  test('messages about nobody, about ourselves and of no kind change nothing', async () => {
    const { a } = await pair();
    for (const cmd of [
      'relayOffer',
      'relayAnswer',
      'relayCandidate',
      'relayLeave',
      'notifyNewPeer',
      'respOffer',
      'x',
    ]) {
      a.hear({ cmd });
      a.hear({ cmd, uid: 'a', msg: 7, rtcConfig: 7 });
    }
    await settle();
    expect(a.members.map(({ uid }) => uid)).toEqual(['b']);
    expect(a.peers.length).toBe(1);
  });
});
