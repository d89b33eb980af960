import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import {
  audioConstraints,
  type CaptureChoice,
  type CaptureProblem,
  captureProblem,
  SCREEN_SOUND,
  videoConstraints,
} from '../lib/capture.ts';

export interface CaptureDevice {
  readonly id: string;
  readonly label: string;
}

/** What is captured at the moment. */
export interface Captured {
  readonly video: MediaStreamTrack | undefined;
  readonly audio: MediaStreamTrack | undefined;
}

const NOTHING: Captured = { video: undefined, audio: undefined };

const tracksOf = ({ video, audio }: Captured) => [video, audio].filter((track) => track !== undefined);
const stopTracks = (captured: Captured) => tracksOf(captured).forEach((track) => track.stop());

function devicesOf(all: readonly MediaDeviceInfo[], kind: MediaDeviceKind): CaptureDevice[] {
  // Without permission browsers list nameless entries; Chromium also lists the default one twice.
  return all
    .filter((device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'communications')
    .filter((device) => device.deviceId !== 'default')
    .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || `${index + 1}` }));
}

async function captureScreen(choice: CaptureChoice): Promise<Captured> {
  const shown = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: 30 } },
    audio: choice.sound === SCREEN_SOUND,
  });
  const [video] = shown.getVideoTracks();
  if (video) video.contentHint = 'detail';
  return { video, audio: shown.getAudioTracks()[0] };
}

async function captureDevices(choice: CaptureChoice, has: (kind: MediaDeviceKind) => boolean): Promise<Captured> {
  const wantsVideo = choice.source === 'camera';
  const audio = audioConstraints(choice);
  // A machine without microphone shall still show its camera.
  const useAudio = audio !== undefined && (!wantsVideo || has('audioinput'));
  if (!wantsVideo && !useAudio) return NOTHING;
  const stream = await navigator.mediaDevices.getUserMedia({
    video: wantsVideo && videoConstraints(choice),
    audio: useAudio ? audio : false,
  });
  return { video: stream.getVideoTracks()[0], audio: stream.getAudioTracks()[0] };
}

/** Camera, microphone or screen of this machine, as chosen; a change of the choice captures anew. */
export function useCapture(choice: Ref<CaptureChoice>) {
  const captured = shallowRef<Captured>(NOTHING);
  const problem = ref<CaptureProblem>();
  /** What was pulled out while the other goes on. */
  const lost = ref<'video' | 'audio'>();
  const busy = ref(false);
  const devices = shallowRef<readonly MediaDeviceInfo[]>([]);
  let turn = 0;
  let disposed = false;

  const available = window.isSecureContext && navigator.mediaDevices !== undefined;
  const canScreen = available && typeof navigator.mediaDevices.getDisplayMedia === 'function';
  if (!available) problem.value = window.isSecureContext ? 'unsupported' : 'insecure';

  const active = computed(() => captured.value.video !== undefined || captured.value.audio !== undefined);
  const cameras = computed(() => devicesOf(devices.value, 'videoinput'));
  const microphones = computed(() => devicesOf(devices.value, 'audioinput'));
  const speakers = computed(() => devicesOf(devices.value, 'audiooutput'));

  const handleDevices = () => void listDevices();
  const listDevices = async () => {
    if (available) devices.value = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  };

  const handleEnded = (track: MediaStreamTrack) => {
    const { video, audio } = captured.value;
    if (video !== track && audio !== track) return;
    // The screen's own "stop sharing" is no mistake, a camera that was pulled out is one.
    const wanted = choice.value.source === 'screen' && track === video;
    const rest = { video: video === track ? undefined : video, audio: audio === track ? undefined : audio };
    if (!wanted && tracksOf(rest).length > 0) {
      captured.value = rest;
      lost.value = track === video ? 'video' : 'audio';
      return;
    }
    replace(NOTHING);
    if (!wanted) problem.value = 'ended';
  };

  const replace = (next: Captured) => {
    stopTracks(captured.value);
    captured.value = next;
    lost.value = undefined;
    for (const track of tracksOf(next)) track.addEventListener('ended', () => handleEnded(track));
  };

  const acquire = async (): Promise<Captured> => {
    const has = (kind: MediaDeviceKind) => devices.value.some((device) => device.kind === kind);
    const current = choice.value;
    if (current.source !== 'screen') return captureDevices(current, has);
    const screen = await captureScreen(current);
    if (screen.audio !== undefined || audioConstraints(current) === undefined || !has('audioinput')) return screen;
    // A refused microphone must not take the chosen window away again.
    const voice = await captureDevices({ ...current, source: 'microphone' }, has).catch(() => NOTHING);
    return { ...screen, audio: voice.audio };
  };

  const open = async (): Promise<void> => {
    // Whoever has left is not asked for the camera, and it stays off.
    if (!available || disposed) return;
    const mine = ++turn;
    busy.value = true;
    problem.value = undefined;
    try {
      // A screen is given only shortly after a click; nothing may come between.
      if (choice.value.source !== 'screen') await listDevices();
      if (mine !== turn) return;
      const next = await acquire();
      if (mine !== turn) return stopTracks(next);
      replace(next);
      // Names of the devices are told only now.
      await listDevices();
    } catch (error) {
      if (mine !== turn) return;
      replace(NOTHING);
      problem.value = captureProblem(error, choice.value.source);
    } finally {
      if (mine === turn) busy.value = false;
    }
  };

  const close = () => {
    turn++;
    busy.value = false;
    replace(NOTHING);
  };

  /** Opens without a question where the browser has allowed it before. */
  const openIfAllowed = async () => {
    if (!available || choice.value.source === 'screen') return;
    const name = (choice.value.source === 'camera' ? 'camera' : 'microphone') as PermissionName;
    const status = await navigator.permissions?.query({ name }).catch(() => undefined);
    if (status?.state === 'granted' && !active.value && !busy.value) await open();
  };

  watch(
    () => choice.value.source,
    () => {
      problem.value = available ? undefined : problem.value;
      close();
      void openIfAllowed();
    },
  );
  watch([() => choice.value.cameraId, () => choice.value.sound, () => choice.value.resolution], () => {
    // A screen would ask again which one; its sound is taken at the next choice.
    if (active.value && choice.value.source !== 'screen') void open();
  });

  if (available) navigator.mediaDevices.addEventListener('devicechange', handleDevices);
  void listDevices().then(openIfAllowed);
  onScopeDispose(() => {
    disposed = true;
    if (available) navigator.mediaDevices.removeEventListener('devicechange', handleDevices);
    close();
  });

  return { captured, problem, lost, busy, active, available, canScreen, cameras, microphones, speakers, open, close };
}
