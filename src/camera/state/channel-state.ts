import type { CruisePoint, CruiseTrack } from '../../gb28181/manscdp/cruise-track.ts';
import type { HomePosition } from '../../gb28181/manscdp/home-position.ts';
import type { Preset } from '../../gb28181/manscdp/preset-query.ts';
import type { PtzPositionState } from '../../gb28181/manscdp/ptz-position.ts';
import type { PtzCommand, PtzCruise, PtzPreset } from '../../gb28181/ptz.ts';
import { PtzHead, type Position } from './ptz-head.ts';

interface Track {
  name: string;
  speed: number;
  dwell: number;
  readonly presets: number[];
}

export interface CommandNames {
  readonly presetName?: string | undefined;
  readonly cruiseTrackName?: string | undefined;
}

const DEFAULT_SPEED = 7;
const DEFAULT_DWELL_SEC = 10;
/** Field of view at zoom 1. */
const WIDE_DEGREES = { horizontal: 60, vertical: 34 } as const;
const VIEW_METRES = 30;
const MAX_POINTS = 64;

/** What one channel remembers: where it looks, its presets, tours, watch position and switches. */
export class ChannelState {
  readonly head: PtzHead;
  readonly #presets = new Map<number, { readonly name: string; readonly position: Position }>();
  /** By group. */
  readonly #tracks = new Map<number, Track>();
  readonly auxiliaries = new Set<number>();
  home: HomePosition = { enabled: false };
  recording = false;
  guarded = false;
  tracking: 'Auto' | 'Manual' | 'Stop' = 'Stop';
  /** Group of the tour that runs. */
  cruising: number | undefined;
  /** Group of the scan that runs. */
  scanning: number | undefined;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.head = new PtzHead(now);
  }

  get presets(): Preset[] {
    const sorted = [...this.#presets].toSorted(([left], [right]) => left - right);
    return sorted.map(([id, { name }]) => ({ id: String(id), name }));
  }

  /** Numbered from 0 in the order of their groups. */
  get tracks(): CruiseTrack[] {
    return this.#groups.map(([, { name }], number) => ({ number, name }));
  }

  track(number: number): { readonly name: string; readonly points: CruisePoint[] } | undefined {
    const track = this.#groups[number]?.[1];
    if (track === undefined) return undefined;
    const { name, speed, dwell, presets } = track;
    return { name, points: presets.map((presetIndex) => ({ presetIndex, stayTime: dwell, speed })) };
  }

  get #groups(): Array<[number, Track]> {
    return [...this.#tracks].toSorted(([left], [right]) => left - right);
  }

  get position(): PtzPositionState {
    const position = this.head.position;
    return {
      ...position,
      horizontalFieldAngle: WIDE_DEGREES.horizontal / position.zoom,
      verticalFieldAngle: WIDE_DEGREES.vertical / position.zoom,
      maxViewDistance: VIEW_METRES * position.zoom,
    };
  }

  run(command: PtzCommand, names: CommandNames = {}): void {
    switch (command.kind) {
      case 'move':
        // All bits 0 stops cruise and scan, too (GB/T 28181 9.3).
        this.cruising = undefined;
        this.scanning = undefined;
        this.head.move(command);
        return;
      case 'lens':
        this.head.lens = { focus: command.focus, iris: command.iris };
        return;
      case 'preset':
        this.#preset(command, names.presetName);
        return;
      case 'cruise':
        this.#cruise(command, names.cruiseTrackName);
        return;
      case 'scan':
        if (command.action === 'start') this.scanning = command.group;
        return;
      case 'auxiliary':
        if (command.on) this.auxiliaries.add(command.number);
        else this.auxiliaries.delete(command.number);
        return;
    }
  }

  #preset({ action, preset }: PtzPreset, name: string | undefined): void {
    // 0 is reserved.
    if (preset === 0) return;
    const known = this.#presets.get(preset);
    if (action === 'delete') this.#presets.delete(preset);
    else if (action === 'call') this.head.goTo(known?.position ?? {});
    else this.#presets.set(preset, { name: name ?? known?.name ?? `预置位 ${preset}`, position: this.head.position });
  }

  #cruise({ action, group, value }: PtzCruise, name: string | undefined): void {
    if (action === 'delete') return this.#deletePoints(group, value);
    if (action === 'start') {
      if (this.#tracks.has(group)) this.cruising = group;
      return undefined;
    }
    const track = this.#tracks.get(group) ?? newTrack(group);
    this.#tracks.set(group, track);
    if (name !== undefined) track.name = name;
    if (action === 'speed') track.speed = value;
    else if (action === 'dwell') track.dwell = value;
    else if (track.presets.length < MAX_POINTS) track.presets.push(value);
    return undefined;
  }

  /** Preset 0 is the whole group. */
  #deletePoints(group: number, preset: number): void {
    const track = this.#tracks.get(group);
    if (track === undefined) return;
    const index = track.presets.indexOf(preset);
    if (preset !== 0 && index >= 0) track.presets.splice(index, 1);
    if (preset === 0 || track.presets.length === 0) this.#tracks.delete(group);
  }
}

function newTrack(group: number): Track {
  return { name: `巡航 ${group}`, speed: DEFAULT_SPEED, dwell: DEFAULT_DWELL_SEC, presets: [] };
}
