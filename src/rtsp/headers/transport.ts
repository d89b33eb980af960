/** One alternative of a Transport header (RFC 2326 §12.39). */
export interface TransportSpec {
  readonly lower: 'udp' | 'tcp';
  readonly delivery: 'unicast' | 'multicast';
  readonly clientPorts?: PortPair;
  readonly serverPorts?: PortPair;
  /** RTP and RTCP channel. */
  readonly interleaved?: PortPair;
  readonly ssrc?: number;
  /** Lower case. */
  readonly mode?: string;
}

/** RTP and RTCP. */
export type PortPair = readonly [number, number];

const MAX_ALTERNATIVES = 8;

/** The alternatives that can be understood, in the client's order of preference. Never throws. */
export function parseTransport(value: string): TransportSpec[] {
  const specs: TransportSpec[] = [];
  for (const alternative of value.split(',').slice(0, MAX_ALTERNATIVES)) {
    const spec = parseAlternative(alternative);
    if (spec !== undefined) specs.push(spec);
  }
  return specs;
}

function parseAlternative(text: string): TransportSpec | undefined {
  const [profile = '', ...parameters] = text.split(';').map((part) => part.trim());
  const lower = LOWER.get(profile.toUpperCase());
  if (lower === undefined) return undefined;
  const named = new Map<string, string>();
  for (const parameter of parameters) {
    const equals = parameter.indexOf('=');
    const name = (equals < 0 ? parameter : parameter.slice(0, equals)).trim().toLowerCase();
    if (name !== '') named.set(name, equals < 0 ? '' : parameter.slice(equals + 1).trim());
  }
  const clientPorts = parsePair(named.get('client_port'), 65_535);
  const serverPorts = parsePair(named.get('server_port'), 65_535, { equal: true });
  const interleaved = parsePair(named.get('interleaved'), 255);
  const ssrc = named.get('ssrc');
  const mode = named.get('mode');
  return {
    lower,
    // RFC 2326 §12.39 has multicast as the default; clients that leave it out mean unicast.
    delivery: named.has('multicast') ? 'multicast' : 'unicast',
    ...(clientPorts === undefined ? {} : { clientPorts }),
    ...(serverPorts === undefined ? {} : { serverPorts }),
    ...(interleaved === undefined ? {} : { interleaved }),
    ...(ssrc !== undefined && /^[0-9a-f]{1,8}$/i.test(ssrc) ? { ssrc: Number.parseInt(ssrc, 16) } : {}),
    ...(mode === undefined ? {} : { mode: mode.replaceAll('"', '').toLowerCase() }),
  };
}

const LOWER: ReadonlyMap<string, 'udp' | 'tcp'> = new Map([
  ['RTP/AVP', 'udp'],
  ['RTP/AVP/UDP', 'udp'],
  ['RTP/AVP/TCP', 'tcp'],
]);

/** `a-b`, or `a` for `a` and the next one; `equal` ones are RTP and RTCP on one port (RFC 5761), as pms has them. */
function parsePair(text: string | undefined, max: number, { equal = false } = {}): PortPair | undefined {
  const [, first, second] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text ?? '') ?? [];
  if (first === undefined) return undefined;
  const pair = [Number(first), second === undefined ? Number(first) + 1 : Number(second)] as const;
  return pair[0] > max || pair[1] > max || (pair[0] === pair[1] && !equal) ? undefined : pair;
}

/** The alternative that was chosen, as a response tells it. */
export function formatTransport(spec: TransportSpec): string {
  const parts = [spec.lower === 'tcp' ? 'RTP/AVP/TCP' : 'RTP/AVP', spec.delivery];
  const pair = (name: string, ports: PortPair | undefined): void => {
    if (ports !== undefined) parts.push(`${name}=${ports[0]}-${ports[1]}`);
  };
  pair('client_port', spec.clientPorts);
  pair('server_port', spec.serverPorts);
  pair('interleaved', spec.interleaved);
  if (spec.ssrc !== undefined) parts.push(`ssrc=${spec.ssrc.toString(16).toUpperCase().padStart(8, '0')}`);
  if (spec.mode !== undefined) parts.push(`mode="${spec.mode}"`);
  return parts.join(';');
}
