export type PtzDirection =
  | 'stop'
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'upleft'
  | 'upright'
  | 'downleft'
  | 'downright'
  | 'zoomin'
  | 'zoomout';

export interface PtzMove {
  readonly direction: PtzDirection;
  /** 0-255, pan and tilt. */
  readonly speed: number;
  /** 0-15; default speed / 16. */
  readonly zoomSpeed?: number;
}

/** PTZ and lens motion: -1, 0 or 1 for each axis; speeds as on the wire (GB/T 28181 9.3). All axes 0 is the stop. */
export interface PtzMotion {
  readonly kind: 'move';
  /** -1 left, 1 right. */
  readonly pan: PtzAxis;
  /** -1 down, 1 up. */
  readonly tilt: PtzAxis;
  /** -1 out, 1 in. */
  readonly zoom: PtzAxis;
  /** 0-255. */
  readonly panSpeed: number;
  readonly tiltSpeed: number;
  /** 0-15. */
  readonly zoomSpeed: number;
}

export type PtzAxis = -1 | 0 | 1;

export interface PtzLens {
  readonly kind: 'lens';
  /** -1 far, 1 near. */
  readonly focus: PtzAxis;
  /** -1 close, 1 open. */
  readonly iris: PtzAxis;
  readonly focusSpeed: number;
  readonly irisSpeed: number;
}

export interface PtzPreset {
  readonly kind: 'preset';
  readonly action: 'set' | 'call' | 'delete';
  /** 1-255. */
  readonly preset: number;
}

/** `value` is the preset of `add` and `delete` (0 deletes the group), the speed or the dwell time in seconds. */
export interface PtzCruise {
  readonly kind: 'cruise';
  readonly action: 'add' | 'delete' | 'speed' | 'dwell' | 'start';
  readonly group: number;
  readonly value: number;
}

export interface PtzScan {
  readonly kind: 'scan';
  readonly action: 'start' | 'left_limit' | 'right_limit' | 'speed';
  readonly group: number;
  readonly value: number;
}

export interface PtzAuxiliary {
  readonly kind: 'auxiliary';
  readonly on: boolean;
  /** 1 is the wiper. */
  readonly number: number;
}

export type PtzCommand = PtzMotion | PtzLens | PtzPreset | PtzCruise | PtzScan | PtzAuxiliary;

export type PtzFault = 'bad_length' | 'not_hexadecimal' | 'bad_header' | 'bad_checksum' | 'unknown_opcode';

const FIRST_BYTE = 0xa5;
/** Bits of byte 4. */
const ZOOM_OUT = 0x20;
const ZOOM_IN = 0x10;
const UP = 0x08;
const DOWN = 0x04;
const LEFT = 0x02;
const RIGHT = 0x01;
const LENS = 0x40;
const IRIS_CLOSE = 0x08;
const IRIS_OPEN = 0x04;
const FOCUS_NEAR = 0x02;
const FOCUS_FAR = 0x01;

const PRESET_OPCODES = { set: 0x81, call: 0x82, delete: 0x83 } as const;
const CRUISE_OPCODES = { add: 0x84, delete: 0x85, speed: 0x86, dwell: 0x87, start: 0x88 } as const;
const SCAN = 0x89;
const SCAN_SPEED = 0x8a;
const SCAN_SUBCODES = { start: 0, left_limit: 1, right_limit: 2 } as const;
const AUXILIARY_ON = 0x8c;
const AUXILIARY_OFF = 0x8d;

interface Bytes {
  readonly opcode: number;
  readonly data1: number;
  readonly data2: number;
  /** High nibble of byte 7. */
  readonly data3: number;
}

/** Sixteen upper-case hexadecimal characters of a PTZCmd (GB/T 28181 9.3). Numbers are clamped to their bytes. */
export function encodePtz(command: PtzCommand, address = 1): string {
  const { opcode, data1, data2, data3 } = bytesOf(command);
  const bytes = [FIRST_BYTE, 0x0f, address & 0xff, opcode, data1, data2, (data3 << 4) | ((address >> 8) & 0x0f)];
  // Low nibble of byte 2: both nibbles of byte 1 and the version (0), modulo 16.
  bytes[1] = ((FIRST_BYTE >> 4) + (FIRST_BYTE & 0x0f)) & 0x0f;
  const sum = bytes.reduce((total, byte) => total + byte, 0) & 0xff;
  return Buffer.from([...bytes, sum])
    .toString('hex')
    .toUpperCase();
}

/** Reads a PTZCmd; the address is ignored as the standard wants of receivers. */
export function decodePtz(hex: string): PtzCommand | PtzFault {
  const text = hex.trim();
  if (text.length !== 16) return 'bad_length';
  if (!/^[0-9a-f]+$/i.test(text)) return 'not_hexadecimal';
  const bytes = Buffer.from(text, 'hex');
  if (bytes[0] !== FIRST_BYTE || bytes[1] !== 0x0f) return 'bad_header';
  const sum = bytes.subarray(0, 7).reduce((total, byte) => total + byte, 0) & 0xff;
  if (bytes[7] !== sum) return 'bad_checksum';
  const [, , , opcode = 0, data1 = 0, data2 = 0, last = 0] = bytes;
  return commandOf({ opcode, data1, data2, data3: last >> 4 });
}

/** An operator's move as a command: one speed for pan and tilt, zoom speed a sixteenth of it where not given. */
export function ptzOfMove({ direction, speed, zoomSpeed }: PtzMove): PtzMotion {
  const pan = direction.endsWith('left') ? -1 : direction.endsWith('right') ? 1 : 0;
  const tilt = direction.startsWith('up') ? 1 : direction.startsWith('down') ? -1 : 0;
  const zoom = direction === 'zoomin' ? 1 : direction === 'zoomout' ? -1 : 0;
  const common = clamp(speed, 0xff);
  return {
    kind: 'move',
    pan,
    tilt,
    zoom,
    panSpeed: pan === 0 ? 0 : common,
    tiltSpeed: tilt === 0 ? 0 : common,
    zoomSpeed: zoom === 0 ? 0 : clamp(zoomSpeed ?? Math.floor(common / 16), 0x0f),
  };
}

function clamp(value: number, max: number): number {
  return Number.isFinite(value) ? Math.min(max, Math.max(0, Math.round(value))) : 0;
}

function axis(value: PtzAxis, positive: number, negative: number): number {
  return value > 0 ? positive : value < 0 ? negative : 0;
}

function bytesOf(command: PtzCommand): Bytes {
  switch (command.kind) {
    case 'move': {
      const { pan, tilt, zoom, panSpeed, tiltSpeed, zoomSpeed } = command;
      const opcode = axis(zoom, ZOOM_IN, ZOOM_OUT) | axis(tilt, UP, DOWN) | axis(pan, RIGHT, LEFT);
      return { opcode, data1: clamp(panSpeed, 0xff), data2: clamp(tiltSpeed, 0xff), data3: clamp(zoomSpeed, 0x0f) };
    }
    case 'lens': {
      const opcode = LENS | axis(command.iris, IRIS_OPEN, IRIS_CLOSE) | axis(command.focus, FOCUS_NEAR, FOCUS_FAR);
      return { opcode, data1: clamp(command.focusSpeed, 0xff), data2: clamp(command.irisSpeed, 0xff), data3: 0 };
    }
    case 'preset':
      return { opcode: PRESET_OPCODES[command.action], data1: 0, data2: clamp(command.preset, 0xff), data3: 0 };
    case 'cruise':
      return cruiseBytes(command);
    case 'scan':
      return scanBytes(command);
    case 'auxiliary': {
      const opcode = command.on ? AUXILIARY_ON : AUXILIARY_OFF;
      return { opcode, data1: clamp(command.number, 0xff), data2: 0, data3: 0 };
    }
  }
}

function cruiseBytes({ action, group, value }: PtzCruise): Bytes {
  const wide = action === 'speed' || action === 'dwell';
  const number = clamp(value, wide ? 0xfff : 0xff);
  const data2 = action === 'start' ? 0 : number & 0xff;
  return { opcode: CRUISE_OPCODES[action], data1: clamp(group, 0xff), data2, data3: wide ? number >> 8 : 0 };
}

function scanBytes({ action, group, value }: PtzScan): Bytes {
  const data1 = clamp(group, 0xff);
  if (action !== 'speed') return { opcode: SCAN, data1, data2: SCAN_SUBCODES[action], data3: 0 };
  const speed = clamp(value, 0xfff);
  return { opcode: SCAN_SPEED, data1, data2: speed & 0xff, data3: speed >> 8 };
}

function axisOf(opcode: number, positive: number, negative: number): PtzAxis {
  // Both bits at once exclude each other; such an axis stands still.
  return (((opcode & positive) === 0 ? 0 : 1) - ((opcode & negative) === 0 ? 0 : 1)) as PtzAxis;
}

function keyOf<K extends string>(table: Readonly<Record<K, number>>, value: number): K | undefined {
  return (Object.keys(table) as K[]).find((key) => table[key] === value);
}

function commandOf(bytes: Bytes): PtzCommand | PtzFault {
  const { opcode, data1, data2, data3 } = bytes;
  if (opcode < LENS) {
    const pan = axisOf(opcode, RIGHT, LEFT);
    const tilt = axisOf(opcode, UP, DOWN);
    const zoom = axisOf(opcode, ZOOM_IN, ZOOM_OUT);
    return { kind: 'move', pan, tilt, zoom, panSpeed: data1, tiltSpeed: data2, zoomSpeed: data3 };
  }
  if (opcode < LENS + 0x10) {
    const iris = axisOf(opcode, IRIS_OPEN, IRIS_CLOSE);
    return { kind: 'lens', iris, focus: axisOf(opcode, FOCUS_NEAR, FOCUS_FAR), focusSpeed: data1, irisSpeed: data2 };
  }
  return extendedCommandOf(bytes);
}

function extendedCommandOf({ opcode, data1, data2, data3 }: Bytes): PtzCommand | PtzFault {
  const preset = keyOf(PRESET_OPCODES, opcode);
  // Some platforms put 1 into byte 5: only byte 6 counts.
  if (preset !== undefined) return { kind: 'preset', action: preset, preset: data2 };
  const wide = (data3 << 8) | data2;
  const cruise = keyOf(CRUISE_OPCODES, opcode);
  if (cruise !== undefined) {
    const values = { add: data2, delete: data2, speed: wide, dwell: wide, start: 0 };
    return { kind: 'cruise', action: cruise, group: data1, value: values[cruise] };
  }
  if (opcode === SCAN_SPEED) return { kind: 'scan', action: 'speed', group: data1, value: wide };
  const scan = opcode === SCAN ? keyOf(SCAN_SUBCODES, data2) : undefined;
  if (scan !== undefined) return { kind: 'scan', action: scan, group: data1, value: 0 };
  if (opcode === AUXILIARY_ON || opcode === AUXILIARY_OFF)
    return { kind: 'auxiliary', on: opcode === AUXILIARY_ON, number: data1 };
  return 'unknown_opcode';
}
