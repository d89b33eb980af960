import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { ActiveSpeaker } from '../lib/active-speaker.ts';
import { addChat, type ChatMessage, chatText, MAX_CHAT_TEXT } from '../lib/meeting-chat.ts';
import { admitsOthers, type MeetingTarget, newEndpoint, tokenEndpoint } from '../lib/meeting-link.ts';
import { countPeople, type Member, Roster, tileMembers } from '../lib/meeting-members.ts';
import type { MeetingEvent } from '../lib/meeting-protocol.ts';
import { applySendLimits, sendLimits } from '../lib/send-limits.ts';
import type { ConferenceDevices } from './useConferenceDevices.ts';
import { useMeetingSeat } from './useMeetingSeat.ts';
import { useScreenShare } from './useScreenShare.ts';

const SPEAKER_MS = 200;
/** Several who come at once are told once who is there. */
const ANNOUNCE_MS = 200;
const FLOOR_DB = -60;

/** The meter's share of −60 dB as a linear level. */
const linear = (meter: number) => (meter <= 0 ? 0 : 10 ** ((FLOOR_DB * (1 - meter)) / 20));

/** A meeting as one who takes part has it: who is there, what they send, what is said. */
export function useMeeting(devices: ConferenceDevices) {
  const target = shallowRef<MeetingTarget>();
  const endpoint = ref('');
  const roster = new Roster();
  const members = shallowRef<readonly Member[]>([]);
  const chat = shallowRef<readonly ChatMessage[]>([]);
  const unread = ref(0);
  const levels = new Map<string, number>();
  let picker = new ActiveSpeaker();
  const speaker = ref<string>();
  let disposed = false;
  let announcing: ReturnType<typeof setTimeout> | undefined;

  const update = () => {
    members.value = roster.list();
  };

  const seat = useMeetingSeat({
    captured: devices.capture.captured,
    type: 'camera',
    muted: devices.muted,
    onMembers: (list) => {
      roster.setEndpoints(list);
      update();
    },
    onEvent: (event) => handleEvent(event),
  });
  const share = useScreenShare();
  const canShare = computed(() => share.canShare && admitsOthers(target.value?.token ?? ''));

  /** What I send, told to the others: the protocol has no place for names and mute states. */
  const announce = () => {
    clearTimeout(announcing);
    announcing = setTimeout(() => {
      const { video, audio } = devices.capture.captured.value;
      const { muted } = devices;
      const name = target.value?.name ?? '';
      const state = {
        type: 'state',
        name,
        audio: audio !== undefined && !muted.value.audio,
        video: video !== undefined && !muted.value.video,
      };
      if (seat.phase.value === 'joined') void seat.broadcast(state);
      if (share.seat.phase.value === 'joined') {
        void share.seat.broadcast({ type: 'state', name, audio: true, video: true });
      }
    }, ANNOUNCE_MS);
  };

  const addMessage = (from: string, text: string, own: boolean) => {
    const name = own ? (target.value?.name ?? '') : roster.nameOf(from);
    chat.value = addChat(chat.value, { endpoint: from, name, text, at: Date.now(), own });
    if (!own) unread.value++;
  };

  const handleEvent = (event: MeetingEvent) => {
    if (event.event === 'endpoint') {
      if (event.joined) announce();
      else {
        roster.remove(event.endpoint);
        update();
      }
    }
    if (event.event !== 'broadcast') return;
    if (event.payload['type'] === 'state') {
      roster.setState(event.endpoint, event.payload);
      update();
    }
    const text = event.payload['type'] === 'chat' ? chatText(event.payload) : undefined;
    if (text !== undefined && event.endpoint !== endpoint.value) addMessage(event.endpoint, text, false);
  };

  const own = computed(() => new Set([endpoint.value, `${endpoint.value}-screen`]));
  const placed = computed(() => tileMembers(members.value, own.value));
  const tiles = computed(() => placed.value.shown);
  const hidden = computed(() => placed.value.hidden);
  const people = computed(() => countPeople(members.value));
  const recording = computed(() => members.value.some(({ role }) => role === 'recorder'));

  const join = (next: MeetingTarget) => {
    // Whoever has left the page while a token was asked for enters nothing any more.
    if (disposed) return;
    target.value = next;
    endpoint.value = tokenEndpoint(next.token) ?? newEndpoint(next.name);
    chat.value = [];
    unread.value = 0;
    roster.setEndpoints([]);
    // Nobody speaks on from the meeting before.
    levels.clear();
    picker = new ActiveSpeaker();
    speaker.value = undefined;
    update();
    seat.join({ ...next, endpoint: endpoint.value });
  };

  const leave = () => {
    clearTimeout(announcing);
    share.stop();
    seat.leave();
  };

  /** False = it did not go out and still stands where it was written. */
  const sendChat = async (text: string): Promise<boolean> => {
    const cut = text.trim().slice(0, MAX_CHAT_TEXT);
    if (cut === '' || !(await seat.broadcast({ type: 'chat', text: cut }))) return false;
    addMessage(endpoint.value, cut, true);
    return true;
  };

  const toggleShare = async () => {
    if (share.sharing.value) share.stop();
    else if (target.value && canShare.value) await share.start({ ...target.value, endpoint: endpoint.value });
  };

  watch([seat.phase, share.seat.phase, devices.muted, devices.capture.captured], announce);
  watch(seat.phase, (phase) => {
    if (phase === 'failed') share.stop();
  });
  watch([people, () => seat.publish.state.value.phase], ([count, phase]) => {
    if (phase === 'live') applySendLimits(seat.publish.peer(), sendLimits(count)).catch(() => undefined);
  });

  /** Of the sound of the tile with this key; undefined when the tile goes. */
  const setLevel = (key: string, level: number | undefined) => {
    if (level === undefined) levels.delete(key);
    else levels.set(key, level);
  };
  const timer = setInterval(() => {
    if (endpoint.value !== '') levels.set(endpoint.value, linear(devices.level.value));
    speaker.value = seat.inRoom.value ? picker.update(levels, performance.now()) : undefined;
  }, SPEAKER_MS);
  onScopeDispose(() => {
    disposed = true;
    clearInterval(timer);
    leave();
  });

  return {
    target,
    endpoint,
    phase: seat.phase,
    error: seat.error,
    inRoom: seat.inRoom,
    publish: seat.publish,
    mediaToken: seat.mediaToken,
    members,
    tiles,
    hidden,
    people,
    recording,
    speaker,
    chat,
    unread,
    share,
    canShare,
    join,
    leave,
    sendChat,
    toggleShare,
    setLevel,
  };
}

export type Meeting = ReturnType<typeof useMeeting>;
