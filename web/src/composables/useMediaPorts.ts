import { shallowRef } from 'vue';
import { getSettings } from '../api/session.ts';
import { mediaPorts, type MediaPorts } from '../lib/addresses.ts';

/** Ports of the other servers, for addresses to copy; read once for each page, empty until then. */
export function useMediaPorts() {
  const ports = shallowRef<MediaPorts>(mediaPorts({}));
  getSettings().then(
    (settings) => (ports.value = mediaPorts(settings, location.protocol === 'https:')),
    () => undefined,
  );
  return ports;
}
