import { computed, nextTick, reactive, ref, toRef, watch } from 'vue';
import { choosesNothing, deviceChoice, restoreDeviceForm } from '../lib/conference-devices.ts';
import { readStored, writeStored } from '../lib/storage.ts';
import { useAudioLevel } from './useAudioLevel.ts';
import { useCapture } from './useCapture.ts';

const KEY = 'gbrtc.conference';

/** Camera, microphone and speaker of one who talks with others; works with any of them missing. */
export function useConferenceDevices() {
  const form = reactive(restoreDeviceForm(readStored(KEY, {})));
  watch(form, () => writeStored(KEY, form));

  /** There is no camera, or it was given up: the sound alone is taken. */
  const cameraless = ref(false);
  const choice = computed(() => deviceChoice(form, cameraless.value));
  const capture = useCapture(choice);
  const level = useAudioLevel(toRef(() => capture.captured.value.audio));
  const muted = ref({ video: false, audio: false });
  /** Nothing is captured, and something could be. */
  const silent = computed(() => capture.available && !capture.active.value);
  const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

  const applyMute = () => {
    const { video, audio } = capture.captured.value;
    if (video) video.enabled = !muted.value.video;
    if (audio) audio.enabled = !muted.value.audio;
  };
  watch([capture.captured, muted], applyMute);

  const toggle = (kind: 'video' | 'audio') => {
    muted.value = { ...muted.value, [kind]: !muted.value[kind] };
  };

  const open = async (): Promise<void> => {
    if (choosesNothing(choice.value)) return capture.close();
    await capture.open();
  };

  /** What is wrong with the camera shall not keep anybody from talking. */
  const goWithoutCamera = async () => {
    cameraless.value = true;
    // The change of the source closes what is open; only then is the microphone asked for.
    await nextTick();
    await open();
  };
  watch(capture.problem, (problem) => {
    if (problem === 'noCamera' && !cameraless.value) void goWithoutCamera();
  });
  watch(
    () => form.cameraId,
    () => {
      cameraless.value = false;
    },
  );

  return { form, capture, level, muted, silent, toggle, cameraless, canChooseSpeaker, open, goWithoutCamera };
}

export type ConferenceDevices = ReturnType<typeof useConferenceDevices>;
