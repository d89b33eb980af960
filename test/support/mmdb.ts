// A small writer of MaxMind database files (MaxMind DB File Format Specification 2.0), with records of 24 bits.
import { addressBytes } from '../../src/util/index.ts';

const RECORD_BITS = 24;
const SEPARATOR_BYTES = 16;
const MARKER = Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1');
/** IPv4 lives at ::/96. */
const IPV4_BITS = 96;

type Value = string | number | Uint64 | readonly Value[] | { readonly [key: string]: Value };

class Uint64 {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

function control(type: number, size: number): Buffer {
  const bytes = type <= 7 ? [(type << 5) | Math.min(size, 29)] : [Math.min(size, 29), type - 7];
  if (size >= 29) bytes.push(size - 29);
  return Buffer.from(bytes);
}

function unsigned(type: number, value: number): Buffer {
  let hex = value === 0 ? '' : value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  const bytes = Buffer.from(hex, 'hex');
  return Buffer.concat([control(type, bytes.length), bytes]);
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([control(2, text.length), text]);
  }
  if (typeof value === 'number') return unsigned(value < 0x1_0000 ? 5 : 6, value);
  if (value instanceof Uint64) return unsigned(9, value.value);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map((item) => encode(item))]);
  const entries = Object.entries(value);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([key, item]) => [encode(key), encode(item)])]);
}

type Node = [Node | number | undefined, Node | number | undefined];

function insert(root: Node, network: string, data: number): void {
  const [address = '', length = ''] = network.split('/');
  const bytes = addressBytes(address) ?? [];
  const given = bytes.flatMap((byte) => Array.from({ length: 8 }, (_, bit) => (byte >> (7 - bit)) & 1));
  const zeros = bytes.length === 4 ? IPV4_BITS : 0;
  const bits = [...Array.from({ length: zeros }, () => 0), ...given.slice(0, Number(length))];
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const next = node[bit];
    if (Array.isArray(next)) node = next;
    else node = node[bit] = [undefined, undefined];
  }
  node[bits.at(-1)!] = data;
}

/** A country database of networks such as `198.51.100.0/24` or `2001:db8::/32` and their ISO 3166 codes. */
export function countryDatabase(countries: Readonly<Record<string, string>>): Buffer {
  const root: Node = [undefined, undefined];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [network, code] of Object.entries(countries)) {
    const record = encode({ country: { iso_code: code, names: { en: code } } });
    insert(root, network, offset);
    data.push(record);
    offset += record.length;
  }
  const nodes: Node[] = [];
  const collect = (node: Node): void => {
    nodes.push(node);
    for (const child of node) if (Array.isArray(child)) collect(child);
  };
  collect(root);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const tree = Buffer.alloc((nodes.length * 2 * RECORD_BITS) / 8);
  nodes.flat().forEach((record, index) => {
    const value =
      record === undefined
        ? nodes.length
        : typeof record === 'number'
          ? nodes.length + SEPARATOR_BYTES + record
          : numbers.get(record)!;
    tree.writeUIntBE(value, (index * RECORD_BITS) / 8, RECORD_BITS / 8);
  });
  return Buffer.concat([tree, Buffer.alloc(SEPARATOR_BYTES), ...data, MARKER, metadata(nodes.length)]);
}

function metadata(nodeCount: number): Buffer {
  return encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: new Uint64(1_700_000_000),
    database_type: 'Test-Country',
    description: { en: 'test' },
    ip_version: 6,
    languages: ['en'],
    node_count: nodeCount,
    record_size: RECORD_BITS,
  });
}
