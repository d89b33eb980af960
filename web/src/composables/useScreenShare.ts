import { computed, ref, watch } from 'vue';
import { type CaptureChoice, SCREEN_SOUND } from '../lib/capture.ts';
import { useCapture } from './useCapture.ts';
import { type SeatTarget, useMeetingSeat } from './useMeetingSeat.ts';

const CHOICE: CaptureChoice = { source: 'screen', cameraId: '', sound: SCREEN_SOUND, resolution: '1920x1080' };

/** One's screen as a second endpoint: an endpoint has one stream only. */
export function useScreenShare() {
  const capture = useCapture(ref(CHOICE));
  const seat = useMeetingSeat({
    captured: capture.captured,
    type: 'desktop',
    muted: ref({ video: false, audio: false }),
  });
  const endpoint = ref<string>();
  const sharing = computed(() => endpoint.value !== undefined && capture.active.value);

  const stop = () => {
    endpoint.value = undefined;
    seat.leave();
    capture.close();
  };
  const start = async (own: SeatTarget): Promise<void> => {
    await capture.open();
    if (!capture.active.value) return;
    endpoint.value = `${own.endpoint}-screen`;
    seat.join({ ...own, endpoint: endpoint.value });
  };
  // The browser's own “stop sharing”, or a room that does not take it.
  watch([capture.active, seat.phase], ([active, phase]) => {
    if (endpoint.value !== undefined && (!active || phase === 'failed')) stop();
  });

  return { sharing, endpoint, seat, canShare: capture.canScreen, captured: capture.captured, start, stop };
}
