import type { Channel, Device } from '../../gb28181/index.ts';
import type { MediaServer } from '../types.ts';

/** Type code 131 (camera) or 132 (IP camera) in digits 11 to 13 of the id (GB/T 28181-2022 annex E). */
export function isVideoChannelId(id: string): boolean {
  const type = id.slice(10, 13);
  return type === '131' || type === '132';
}

/** How many keepalives a device may miss here before it is offline; the original shows the same number. */
const MISSED_KEEPALIVES = 3;

/** Member names and their order are srs-sip's. */
export function deviceView(device: Device): Record<string, unknown> {
  const { sourceAddress: host, sourcePort: port } = device;
  return {
    device_id: device.id,
    source_addr: device.online ? `${host.includes(':') ? `[${host}]` : host}:${port}` : '',
    network_type: device.protocol.toUpperCase(),
    online: device.online,
    heart_beat_interval: device.keepaliveIntervalSec,
    heart_beat_count: MISSED_KEEPALIVES,
  };
}

/** A device that is offline has all its channels OFF. */
export function channelView(channel: Channel, online: boolean, ssrc: string): Record<string, unknown> {
  return {
    device_id: channel.id,
    parent_id: channel.parentIdText,
    name: channel.name,
    manufacturer: channel.manufacturer,
    model: channel.model,
    owner: channel.owner,
    civil_code: channel.civilCode,
    address: channel.address,
    port: channel.port,
    parental: channel.parental,
    safety_way: channel.safetyWay,
    register_way: channel.registerWay,
    secrecy: channel.secrecy,
    ip_address: channel.ipAddress,
    status: online ? channel.status : 'OFF',
    longitude: channel.longitude,
    latitude: channel.latitude,
    info: { ptz_type: channel.ptzType, resolution: channel.resolution, download_speed: channel.downloadSpeed },
    ssrc,
  };
}

/** srs-sip lists each device as a channel of itself, which single cameras are played by before their catalogue is here. */
export function pseudoChannelView({ id, online }: Device): Record<string, unknown> {
  return {
    device_id: id,
    parent_id: id,
    name: id,
    manufacturer: '',
    model: '',
    owner: '',
    civil_code: '',
    address: '',
    port: 0,
    parental: 0,
    safety_way: 0,
    register_way: 0,
    secrecy: 0,
    ip_address: '',
    status: online ? 'ON' : 'OFF',
    longitude: 0,
    latitude: 0,
    info: { ptz_type: 0, resolution: '', download_speed: '' },
    ssrc: '',
  };
}

export function mediaServerView(server: MediaServer): Record<string, unknown> {
  return {
    name: server.name,
    type: server.type,
    ip: server.ip,
    port: server.port,
    username: server.username,
    password: server.password,
    secret: server.secret,
    is_default: server.isDefault ? 1 : 0,
    id: server.id,
    created_at: server.createdAt,
  };
}
