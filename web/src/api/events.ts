import type { Alarm, Position } from './reports.ts';
import type { CatalogResult, Device, Play, Recording, Stream } from './types.ts';

/** Events of GET /api/v1/events. */
export interface EventMap {
  readonly hello: { readonly version: string; readonly now: number };
  readonly 'device.online': Device;
  readonly 'device.offline': Device;
  readonly 'device.changed': Device;
  readonly 'device.removed': { readonly deviceId: string };
  readonly 'catalog.changed': CatalogResult & { readonly deviceId: string };
  readonly 'groups.changed': Readonly<Record<string, never>>;
  readonly play: Play;
  readonly 'stream.opened': Stream;
  readonly 'stream.closed': Stream;
  readonly 'stream.viewers': Stream;
  readonly 'stream.changed': Stream;
  readonly recording: Recording;
  readonly 'recording.removed': { readonly id: string };
  readonly alarm: Alarm;
  readonly 'alarm.changed': Alarm;
  readonly 'alarm.acknowledged': { readonly ids: readonly number[] };
  readonly positions: { readonly items: readonly Position[] };
  readonly lagged: { readonly dropped: number };
}

export type EventHandlers = { readonly [K in keyof EventMap]?: (data: EventMap[K]) => void };

export interface EventConnection {
  close(): void;
}

/** `open` and `lost` tell the state of the connection; the browser reconnects by itself unless it was refused. */
export function connectEvents(
  handlers: EventHandlers,
  state: { open: () => void; lost: (final: boolean) => void },
): EventConnection {
  const source = new EventSource('/api/v1/events');
  for (const [name, handler] of Object.entries(handlers) as [string, (data: unknown) => void][]) {
    source.addEventListener(name, (event: MessageEvent<string>) => handler(JSON.parse(event.data)));
  }
  source.addEventListener('open', state.open);
  source.addEventListener('error', () => state.lost(source.readyState === EventSource.CLOSED));
  return { close: () => source.close() };
}
