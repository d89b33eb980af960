import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { ActiveSpeaker } from '../lib/active-speaker.ts';
import { CallClient, type CallState } from '../lib/call-client.ts';
import { socketUrl } from '../lib/socket-url.ts';
import { useSession } from '../stores/session.ts';
import { type CallTarget, describeClient, newUid } from '../lib/call-link.ts';
import { type CallDevice, talkTypeOf } from '../lib/call-message.ts';
import { type CaptureChoice, NO_SOUND } from '../lib/capture.ts';
import { randomLetters, tokenEndpoint } from '../lib/meeting-link.ts';
import { type CallMember, PeerMesh } from '../lib/peer-mesh.ts';
import { receivedLevel } from '../lib/received-level.ts';
import { useCapture } from './useCapture.ts';
import type { ConferenceDevices } from './useConferenceDevices.ts';

const SCREEN: CaptureChoice = { source: 'screen', cameraId: '', sound: NO_SOUND, resolution: '1920x1080' };
const SPEAKER_MS = 200;
const FLOOR_DB = -60;

/** The meter's share of −60 dB as a linear level. */
const linear = (meter: number) => (meter <= 0 ? 0 : 10 ** ((FLOOR_DB * (1 - meter)) / 20));

/** A call as one of its users has it; `renewToken` is asked when the server says that the token expires. */
export function useCall(devices: ConferenceDevices, renewToken: () => Promise<string | undefined>) {
  const session = useSession();
  const target = shallowRef<CallTarget>();
  const uid = ref('');
  const state = shallowRef<CallState>({ phase: 'idle' });
  const members = shallowRef<readonly CallMember[]>([]);
  const speaker = ref<string>();
  const picker = new ActiveSpeaker();
  const screen = useCapture(ref(SCREEN));
  let client: CallClient | undefined;
  let mesh: PeerMesh | undefined;
  let told: Partial<Record<CallDevice, boolean>> = {};
  let disposed = false;

  const captured = devices.capture.captured;
  const inRoom = computed(() => state.value.phase === 'joined' || state.value.phase === 'reconnecting');
  const sharing = computed(() => screen.active.value);
  /** A shared screen takes the place of the camera: one picture for each pair. */
  const tracks = computed(() => ({
    audio: captured.value.audio,
    video: screen.captured.value.video ?? captured.value.video,
  }));
  const enabled = computed(() => ({
    microphone: captured.value.audio !== undefined && !devices.muted.value.audio,
    camera: captured.value.video !== undefined && !devices.muted.value.video,
    screen: sharing.value,
  }));

  const close = () => {
    client?.leave();
    mesh?.close();
    client = undefined;
    mesh = undefined;
    screen.close();
  };

  const join = (next: CallTarget) => {
    if (disposed) return;
    close();
    target.value = next;
    uid.value = tokenEndpoint(next.token) ?? newUid(next.name, randomLetters(11));
    const audio = captured.value.audio !== undefined;
    const video = captured.value.video !== undefined;
    const talkType = talkTypeOf(audio, video);
    told = { microphone: audio, camera: video, screen: false };
    const pairs = new PeerMesh({
      uid: uid.value,
      create: (config) => new RTCPeerConnection(config),
      send: (cmd, fields) => client?.send(cmd, fields) ?? false,
      onMembers: (list) => {
        if (mesh === pairs) members.value = list;
      },
    });
    mesh = pairs;
    members.value = [];
    pairs.setTracks(tracks.value);
    client = new CallClient({
      open: () => new WebSocket(socketUrl(location, session.roomPaths.call)),
      identity: { appId: next.app, roomId: next.room, uid: uid.value, uname: next.name, talkType },
      token: next.token === '' ? undefined : next.token,
      client: { ...describeClient(navigator.userAgent), sdkInfo: 'gbrtc' },
      onState: (now) => {
        state.value = now;
        if (now.phase !== 'failed') return;
        // It is over on its side; a leave would make us forget why.
        client = undefined;
        close();
      },
      onJoined: (room) => pairs.handleJoined(room),
      onResumed: () => pairs.handleResumed(),
      onMessage: (message) => pairs.handleMessage(message),
      renewToken,
    });
    tell();
    client.join();
  };

  const leave = () => {
    close();
    state.value = { phase: 'idle' };
  };

  /** Only what is no longer as the others think. */
  const tell = () => {
    for (const [device, on] of Object.entries(enabled.value) as [CallDevice, boolean][]) {
      if (told[device] === on) continue;
      told[device] = on;
      mesh?.turnDevice(device, on);
    }
  };

  const toggleShare = async () => {
    if (sharing.value) screen.close();
    else await screen.open();
  };

  watch(tracks, (next) => mesh?.setTracks(next));
  watch(enabled, tell);

  const timer = setInterval(() => {
    const levels = new Map<string, number>();
    for (const [member, connection] of mesh?.connections ?? []) levels.set(member, receivedLevel(connection));
    levels.set(uid.value, enabled.value.microphone ? linear(devices.level.value) : 0);
    speaker.value = inRoom.value ? picker.update(levels, performance.now()) : undefined;
  }, SPEAKER_MS);
  const online = () => mesh?.restart();
  window.addEventListener('online', online);
  window.addEventListener('pagehide', leave);
  onScopeDispose(() => {
    disposed = true;
    clearInterval(timer);
    window.removeEventListener('online', online);
    window.removeEventListener('pagehide', leave);
    leave();
  });

  return {
    target,
    uid,
    state,
    inRoom,
    members,
    speaker,
    enabled,
    tracks,
    sharing,
    canShare: screen.canScreen,
    join,
    leave,
    toggleShare,
  };
}

export type Call = ReturnType<typeof useCall>;
