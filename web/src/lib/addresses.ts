import { splitStreamName } from './stream-name.ts';

/** What of the configuration tells how players reach a stream; absent = that server is off. */
export interface MediaPorts {
  readonly rtsp?: { readonly port: number };
  readonly pms?: { readonly port: number; readonly tls: boolean; readonly path: string };
  /** A player of RTSP needs a token or a password. */
  readonly rtspAuth: boolean;
  /** A live name is not taken over. */
  readonly refusesRepublish: boolean;
}

export interface StreamAddress {
  readonly kind: 'whep' | 'rtsp' | 'pms';
  readonly url: string;
}

type Section = Readonly<Record<string, unknown>>;

const section = (settings: Section, name: string): Section => {
  const value = settings[name];
  return typeof value === 'object' && value !== null ? (value as Section) : {};
};

const portOf = (value: unknown): number | undefined =>
  typeof value === 'number' && value > 0 && value < 65_536 ? value : undefined;

/** Reads them from `GET /api/v1/settings`; a server that a gateway does not have counts as off. */
export function mediaPorts(settings: Section, secure = false): MediaPorts {
  const rtsp = section(settings, 'rtsp');
  const pms = section(settings, 'pms');
  const rtspPort = portOf(rtsp['port']);
  const plain = portOf(pms['port']);
  const tls = portOf(pms['sslPort']);
  // A page that came by HTTPS may open only wss://.
  const useTls = pms['ssl'] === true || (tls !== undefined && (secure || plain === undefined));
  const pmsPort = pms['ssl'] === true ? (plain ?? tls) : useTls ? tls : plain;
  const path = typeof pms['location'] === 'string' ? pms['location'] : '/';
  return {
    ...(rtspPort === undefined ? {} : { rtsp: { port: rtspPort } }),
    ...(pmsPort === undefined ? {} : { pms: { port: pmsPort, tls: useTls, path } }),
    rtspAuth: section(rtsp, 'auth')['enable'] === true,
    refusesRepublish: pms['republish'] === 'refuse',
  };
}

/** Where players find a stream, under the host name that this page was reached by. */
export function streamAddresses(
  stream: string,
  { origin, hostname }: Pick<Location, 'origin' | 'hostname'>,
  ports: MediaPorts,
  token?: string,
): StreamAddress[] {
  const { app, name } = splitStreamName(stream);
  const query = new URLSearchParams({ app, stream: name, ...(token === undefined ? {} : { token }) });
  const suffix = token === undefined ? '' : `?token=${token}`;
  const path = `${encodeURIComponent(app)}/${encodeURIComponent(name)}`;
  return [
    { kind: 'whep', url: `${origin}/rtc/v1/whep/?${query.toString()}` },
    ...(ports.rtsp === undefined
      ? []
      : [{ kind: 'rtsp' as const, url: `rtsp://${hostname}:${ports.rtsp.port}/${path}${suffix}` }]),
    ...(ports.pms === undefined
      ? []
      : [
          {
            kind: 'pms' as const,
            url: `${ports.pms.tls ? 'wss' : 'ws'}://${hostname}:${ports.pms.port}${ports.pms.path}${suffix}`,
          },
        ]),
  ];
}
