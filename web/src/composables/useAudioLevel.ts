import { onScopeDispose, type Ref, ref, watch } from 'vue';

const SAMPLE_MS = 100;
const FLOOR_DB = -60;
/** What browsers take as a wish to hear; the last is for fingers. */
const GESTURES = ['pointerdown', 'keydown', 'pointerup'] as const;

/** How loud a track is, 0 to 1, so that people see that their microphone works. */
export function useAudioLevel(track: Ref<MediaStreamTrack | undefined>) {
  const level = ref(0);
  let context: AudioContext | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;

  /** A page that nobody has touched yet gets a context that stands still, and nothing starts it by itself. */
  const resume = () => {
    if (context?.state === 'suspended') context.resume().catch(() => undefined);
  };

  const stop = () => {
    clearInterval(timer);
    void context?.close().catch(() => undefined);
    context = undefined;
    level.value = 0;
  };

  watch(
    track,
    (current) => {
      stop();
      if (!current || typeof AudioContext === 'undefined') return;
      context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 512;
      context.createMediaStreamSource(new MediaStream([current])).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      timer = setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
        const decibels = power > 0 ? 10 * Math.log10(power) : FLOOR_DB;
        level.value = Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
      }, SAMPLE_MS);
    },
    { immediate: true },
  );
  for (const gesture of GESTURES) window.addEventListener(gesture, resume, { capture: true });
  onScopeDispose(() => {
    for (const gesture of GESTURES) window.removeEventListener(gesture, resume, { capture: true });
    stop();
  });
  return level;
}
