import { computed, onScopeDispose, type Ref, ref, shallowRef, watch } from 'vue';
import { MeetingClient, type MeetingError, type MeetingPhase, type MeetingSocket } from '../lib/meeting-client.ts';
import { deviceId, randomLetters } from '../lib/meeting-link.ts';
import { isEnded } from '../lib/meeting-notice.ts';
import { socketUrl } from '../lib/socket-url.ts';
import { useSession } from '../stores/session.ts';
import type { MeetingEndpoint, MeetingEvent, StreamType } from '../lib/meeting-protocol.ts';
import { sentCodec } from '../lib/send-limits.ts';
import type { Captured } from './useCapture.ts';
import { usePublish } from './usePublish.ts';

const RETRY_MS = 5000;

export interface SeatTarget {
  readonly app: string;
  readonly room: string;
  readonly endpoint: string;
  readonly token: string;
}

export interface SeatOptions {
  readonly captured: Ref<Captured>;
  readonly type: StreamType;
  readonly muted: Ref<{ video: boolean; audio: boolean }>;
  readonly onMembers?: (members: readonly MeetingEndpoint[]) => void;
  readonly onEvent?: (event: MeetingEvent) => void;
}

/** One endpoint of a room with the one stream that it may publish (the document's model). */
export function useMeetingSeat({ captured, type, muted, onMembers, onEvent }: SeatOptions) {
  const session = useSession();
  const phase = ref<MeetingPhase>('idle');
  const error = shallowRef<MeetingError>();
  const publish = usePublish(captured, muted);
  let client: MeetingClient | undefined;
  let streamId = '';

  const inRoom = computed(() => phase.value === 'joined' || phase.value === 'reconnecting');
  const kinds = computed(() => ({
    video: captured.value.video !== undefined,
    audio: captured.value.audio !== undefined,
  }));
  const sends = computed(() => kinds.value.video || kinds.value.audio);

  const join = ({ app, room, endpoint, token }: SeatTarget) => {
    leave();
    error.value = undefined;
    streamId = `${endpoint}-${randomLetters(6)}`;
    client = new MeetingClient({
      connect: () => new WebSocket(socketUrl(location, session.roomPaths.meeting, token)) as unknown as MeetingSocket,
      app,
      channel: room,
      endpoint,
      device: deviceId(),
      onPhase: (next, failure) => {
        phase.value = next;
        error.value = failure;
      },
      onMembers: (members) => onMembers?.(members),
      onEvent: (event) => onEvent?.(event),
    });
    client.join();
  };

  const leave = () => {
    publish.stop();
    client?.leave();
    client = undefined;
  };

  const mediaToken = async () => client?.freshMediaToken();

  const startPublishing = () =>
    publish.start({
      name: `live/${streamId}`,
      ...(type === 'desktop' ? {} : { maxBitrateBps: 2_000_000 }),
      token: mediaToken,
    });

  // In the room with something to send: sent. What was ended by the server begins anew with the next join.
  watch([phase, sends], ([now, sending]) => {
    if (now === 'joined' && sending && !publish.publishing.value) startPublishing();
    if (now === 'failed') publish.stop();
  });
  // The way may be open again a little later; somebody else's decision stands until the next join.
  watch(
    () => publish.state.value,
    (sending, _, onCleanup) => {
      if (sending.phase !== 'failed' || isEnded(sending)) return;
      const timer = setTimeout(() => inRoom.value && sends.value && startPublishing(), RETRY_MS);
      onCleanup(() => clearTimeout(timer));
    },
  );
  // A picture that comes to a sound needs another offer; replacing a track by one of its kind does not.
  watch(kinds, (next, before) => {
    if (next.video === before.video && next.audio === before.audio) return;
    if (inRoom.value && sends.value && publish.publishing.value) startPublishing();
  });
  watch(
    () => publish.state.value.phase,
    (now) => {
      const { video, audio } = kinds.value;
      const settled =
        now === 'live'
          ? client?.declare({
              stream_id: streamId,
              type,
              has_video: video,
              has_audio: audio,
              audio_codec: audio ? 'opus' : '',
              video_codec: video ? sentCodec(publish.peer()) : '',
            })
          : now === 'idle' || now === 'failed'
            ? client?.undeclare()
            : undefined;
      // A refusal is told by the phase, a lost connection declares again.
      settled?.catch(() => undefined);
    },
  );

  const online = () => client?.online();
  window.addEventListener('online', online);
  window.addEventListener('pagehide', leave);
  onScopeDispose(() => {
    window.removeEventListener('online', online);
    window.removeEventListener('pagehide', leave);
    leave();
  });

  /** Failures do not matter: what is told this way is told again. */
  const broadcast = async (payload: Readonly<Record<string, unknown>>): Promise<boolean> =>
    (await client?.broadcast(payload).then(
      () => true,
      () => false,
    )) ?? false;

  return { phase, error, inRoom, publish, join, leave, broadcast, mediaToken };
}
