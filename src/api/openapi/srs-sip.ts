import { z } from 'zod';
import {
  inviteSchema,
  mediaServerSchema,
  ptzSchema,
  queryRecordSchema,
  sessionSchema,
  speedSchema,
} from '../srs-sip/requests.ts';
import type { Documented, Method } from './documented.ts';
import { json } from './documented.ts';

const failure = z
  .object({ code: z.int().meta({ description: '400, 401, 403 or 500' }), data: z.object({ msg: z.string() }) })
  .meta({ id: 'SrsSipFailure' });
const done = z.object({ msg: z.literal('success') }).meta({ id: 'SrsSipDone' });

const deviceSchema = z
  .object({
    device_id: z.string(),
    source_addr: z.string(),
    network_type: z.string(),
    online: z.boolean(),
    heart_beat_interval: z.number(),
    heart_beat_count: z.int(),
  })
  .meta({ id: 'SrsSipDevice' });

const channelSchema = z
  .object({
    device_id: z.string().meta({ description: 'Of the channel' }),
    parent_id: z.string(),
    name: z.string(),
    manufacturer: z.string(),
    model: z.string(),
    owner: z.string(),
    civil_code: z.string(),
    address: z.string(),
    port: z.number(),
    parental: z.number(),
    safety_way: z.number(),
    register_way: z.number(),
    secrecy: z.number(),
    ip_address: z.string(),
    status: z.enum(['ON', 'OFF']),
    longitude: z.number(),
    latitude: z.number(),
    info: z.object({ ptz_type: z.number(), resolution: z.string(), download_speed: z.string() }),
    ssrc: z.string(),
  })
  .meta({ id: 'SrsSipChannel' });

const recordSchema = z
  .object({
    device_id: z.string(),
    name: z.string(),
    file_path: z.string(),
    address: z.string(),
    start_time: z.string(),
    end_time: z.string(),
    secrecy: z.int(),
    type: z.string(),
  })
  .meta({ id: 'SrsSipRecord', description: 'Times in Beijing time.' });

const mediaServerView = z
  .object({
    name: z.string(),
    type: z.string(),
    ip: z.string(),
    port: z.int(),
    username: z.string(),
    password: z.string(),
    secret: z.string(),
    is_default: z.int(),
    id: z.int(),
    created_at: z.string(),
  })
  .meta({ id: 'SrsSipMediaServer' });

interface Described {
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly data: z.ZodType;
}

/** What each row takes and gives, by method and the path behind `/srs-sip/v1`. */
const ROWS: Readonly<Record<string, Described>> = {
  'GET ': {
    summary: 'These paths',
    data: z.array(z.object({ method: z.string(), path: z.string() })),
  },
  'GET /devices': { summary: 'Devices', data: z.array(deviceSchema) },
  'GET /devices/{id}/channels': {
    summary: 'Video channels of a device; null = no such device',
    data: z.array(channelSchema).nullable(),
  },
  'GET /channels': { summary: 'Video channels of all devices', data: z.array(channelSchema) },
  'POST /invite': {
    summary: 'Call a channel, live or recorded',
    body: inviteSchema,
    data: z.object({ channel_id: z.string(), url: z.string() }).meta({ id: 'SrsSipInvited' }),
  },
  'POST /bye': { summary: 'End what /invite has begun', body: sessionSchema, data: done },
  'POST /ptz': { summary: 'Move a camera', body: ptzSchema, data: done },
  'POST /pause': { summary: 'Pause recorded material', body: sessionSchema, data: done },
  'POST /resume': { summary: 'Go on', body: sessionSchema, data: done },
  'POST /speed': { summary: 'Speed of recorded material', body: speedSchema, data: done },
  'POST /query-record': {
    summary: "A device's recordings; null = none",
    body: queryRecordSchema,
    data: z.array(recordSchema).nullable(),
  },
  'GET /media-servers': { summary: 'Media servers', data: z.array(mediaServerView) },
  'POST /media-servers': { summary: 'Add a media server', body: mediaServerSchema, data: done },
  'DELETE /media-servers/{id}': { summary: 'Remove a media server', data: done },
  'POST /media-servers/default/{id}': { summary: 'Make a media server the default', data: done },
};

const PREFIX = '/srs-sip/v1';
const refused = (description: string) => ({ description, content: json(failure) });

/** The interface of srs-sip from the rows that are served; one without a description is a fault of ours. */
export function srsSip(rows: ReadonlyArray<{ readonly method: string; readonly path: string }>): Documented[] {
  return rows.map(({ method, path }): Documented => {
    const common = { method: method.toLowerCase() as Method, path, tag: 'srs-sip', errors: [] };
    if (path === '/srs-sip') {
      return { ...common, summary: 'Version', answer: json(z.object({ version: z.string() })), open: true };
    }
    const described = ROWS[`${method} ${path.slice(PREFIX.length)}`];
    if (described === undefined) throw new TypeError(`${method} ${path} is not described`);
    const { summary, body, data } = described;
    return {
      ...common,
      summary: `${summary}; HTTP 200 also for errors`,
      ...(body === undefined ? {} : { body: json(body) }),
      answer: json(z.union([z.object({ code: z.literal(0), data }), failure])),
      failures: { 401: refused('No valid token'), 403: refused('The token does not allow that') },
    };
  });
}
