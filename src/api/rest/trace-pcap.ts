import type { TraceEntry } from '../../gb28181/index.ts';
import { addressBytes } from '../../util/index.ts';

/** Packets begin with their IP header. */
const LINKTYPE_RAW = 101;
const SNAPLEN = 65_535;
const PROTOCOL = { udp: 17, tcp: 6 } as const;
/** What the length fields of IP have room for. */
const MAX_PACKET_BYTES = 65_535;
/** Of IPv6 and TCP, the longer ones. */
const MAX_HEADER_BYTES = 60;
const IPV4_BYTES = 4;
const TCP_PSH_ACK = 0x18;

interface Endpoint {
  /** Of its IP address: 4 or 16. */
  readonly bytes: Buffer;
  readonly port: number;
}

/**
 * SIP messages as a pcap file (libpcap 2.4, little endian), with IP, UDP and TCP headers made up around them: each
 * message is one packet, the sequence numbers of a connection follow each other; of a long one the end is missing.
 */
export function tracePcap(entries: readonly TraceEntry[]): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(SNAPLEN, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  const sequences = new Map<string, number>();
  return Buffer.concat([header, ...entries.flatMap((entry) => record(entry, sequences))]);
}

function record(entry: TraceEntry, sequences: Map<string, number>): Buffer[] {
  const { bytes, cutBytes } = ipPacket(entry, sequences);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(entry.at / 1000), 0);
  head.writeUInt32LE(Math.round((entry.at % 1000) * 1000), 4);
  head.writeUInt32LE(bytes.length, 8);
  // A cut message is a packet that was captured in part, as by a snapshot length: not one that is malformed.
  head.writeUInt32LE(bytes.length + cutBytes, 12);
  return [head, bytes];
}

/** A packet as far as it was kept, and how many bytes of it were not. */
function ipPacket(entry: TraceEntry, sequences: Map<string, number>): { bytes: Buffer; cutBytes: number } {
  const remote = endpointOf(entry.remote);
  const { length: addressLength } = remote.bytes;
  const told = endpointOf(entry.local);
  const local = told.bytes.length === addressLength ? told : { bytes: Buffer.alloc(addressLength), port: told.port };
  const [from, to] = entry.direction === 'out' ? [local, remote] : [remote, local];
  const payload = Buffer.from(entry.text, 'latin1');
  const protocol = PROTOCOL[entry.protocol];
  const cutBytes = Math.min(entry.cutBytes ?? 0, MAX_PACKET_BYTES - MAX_HEADER_BYTES - payload.length);
  const segment =
    entry.protocol === 'udp' ? udp(from, to, payload, cutBytes) : tcp(from, to, payload, { cutBytes, sequences });
  const addresses = Buffer.concat([from.bytes, to.bytes]);
  const length = segment.length + cutBytes;
  // Of a message that is cut nobody knows the sum.
  if (cutBytes === 0) {
    const sum = checksum(Buffer.concat([addresses, pseudoTail(length, protocol), segment]));
    // RFC 768: 0 would mean that there is none.
    segment.writeUInt16BE(sum === 0 ? 0xffff : sum, entry.protocol === 'udp' ? 6 : 16);
  }
  const header = addressLength === IPV4_BYTES ? ipv4(length, protocol, addresses) : ipv6(length, protocol);
  return { bytes: Buffer.concat([header, addresses, segment]), cutBytes };
}

/** RFC 791, without the addresses. */
function ipv4(length: number, protocol: number, addresses: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt16BE(0x4000, 6);
  header.writeUInt8(64, 8);
  header.writeUInt8(protocol, 9);
  header.writeUInt16BE(checksum(Buffer.concat([header, addresses])), 10);
  return header;
}

/** RFC 8200, without the addresses. */
function ipv6(length: number, protocol: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(64, 7);
  return header;
}

/** RFC 768. */
function udp(from: Endpoint, to: Endpoint, payload: Buffer, cutBytes: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt16BE(8 + payload.length + cutBytes, 4);
  return Buffer.concat([header, payload]);
}

/** RFC 9293. */
function tcp(
  from: Endpoint,
  to: Endpoint,
  payload: Buffer,
  { cutBytes, sequences }: { cutBytes: number; sequences: Map<string, number> },
): Buffer {
  const key = (a: Endpoint, b: Endpoint): string =>
    [a, b].map(({ bytes, port }) => `${bytes.toString('hex')} ${port}`).join(' ');
  const sequence = sequences.get(key(from, to)) ?? 1;
  sequences.set(key(from, to), (sequence + payload.length + cutBytes) >>> 0);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt32BE(sequence, 4);
  header.writeUInt32BE(sequences.get(key(to, from)) ?? 1, 8);
  header.writeUInt8(5 << 4, 12);
  header.writeUInt8(TCP_PSH_ACK, 13);
  header.writeUInt16BE(0xffff, 14);
  return Buffer.concat([header, payload]);
}

/** Length and protocol of the pseudo header; the sum is the same in RFC 768's and RFC 8200's order. */
function pseudoTail(length: number, protocol: number): Buffer {
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(length, 0);
  tail.writeUInt32BE(protocol, 4);
  return tail;
}

/** RFC 1071. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** `address:port` or `[address]:port`; of what is no address the unspecified one. */
function endpointOf(text: string): Endpoint {
  const at = text.lastIndexOf(':');
  const bytes = addressBytes(text.slice(0, at).replaceAll(/[[\]]/g, '')) ?? Array.from({ length: IPV4_BYTES }, () => 0);
  return { bytes: Buffer.from(bytes), port: Number(text.slice(at + 1)) || 0 };
}
