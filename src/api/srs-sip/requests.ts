import { z } from 'zod';
import type { PtzDirection } from '../../gb28181/index.ts';

/** The original decodes into zero values: a missing or null member is empty, a wrong type is an error. */
const text = z
  .string()
  .max(1024)
  .nullish()
  .transform((value) => value ?? '');
const integer = z
  .int()
  .nullish()
  .transform((value) => value ?? 0);

const base = { device_id: text, channel_id: text };

export const inviteSchema = z.object({
  ...base,
  media_server_id: integer,
  play_type: integer,
  sub_stream: integer,
  start_time: integer,
  end_time: integer,
});

export const sessionSchema = z.object({ ...base, url: text });

const playbackSpeed = z
  .number()
  .refine((speed) => Math.abs(speed) >= 0.25 && Math.abs(speed) <= 8, 'must be 0.25 to 8, or -0.25 to -8')
  .nullish()
  .transform((speed) => speed ?? 1);

export const speedSchema = z.object({ ...base, url: text, speed: playbackSpeed });

export const queryRecordSchema = z.object({ ...base, start_time: integer, end_time: integer });

export const ptzSchema = z.object({
  ...base,
  ptz: text,
  // A text in the original; its document shows a number, too.
  speed: z
    .union([z.string().max(16), z.number().transform(String)])
    .nullish()
    .transform((value) => value ?? ''),
});

const flag = z
  .union([z.int(), z.boolean().transform(Number)])
  .nullish()
  .transform((value) => value ?? 0);

/** `isDefault` is what the original's own page sends. */
export const mediaServerSchema = z
  .object({
    name: text,
    type: text,
    ip: text,
    port: integer,
    username: text,
    password: text,
    secret: text,
    is_default: flag,
    isDefault: flag,
  })
  .transform(({ is_default, isDefault, ...rest }) => ({ ...rest, isDefault: is_default !== 0 || isDefault !== 0 }));

const DIRECTIONS: Readonly<Record<string, PtzDirection>> = {
  stop: 'stop',
  right: 'right',
  left: 'left',
  down: 'down',
  downright: 'downright',
  downleft: 'downleft',
  up: 'up',
  upright: 'upright',
  upleft: 'upleft',
  zoomin: 'zoomin',
  zoomout: 'zoomout',
  zoom_in: 'zoomin',
  zoom_out: 'zoomout',
};

/** srs-sip's name of a move, in both spellings of the zooms. */
export function parsePtzDirection(name: string): PtzDirection | undefined {
  return Object.hasOwn(DIRECTIONS, name) ? DIRECTIONS[name] : undefined;
}

/** `1`…`9` are steps of 25, `10` is full speed, anything else the middle. */
export function parsePtzSpeed(text: string): number {
  if (text === '10') return 255;
  return /^[1-9]$/.test(text) ? Number(text) * 25 : 125;
}

/** The original shifts the speed into the upper four bits of a byte and loses the rest: `5` gives 0xD. */
export function zoomNibble(speed: number): number {
  return ((speed << 4) & 0xff) >> 4;
}
