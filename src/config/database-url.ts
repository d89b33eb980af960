/** A database server, from `database.url`. */
export interface DatabaseAddress {
  readonly kind: 'mysql' | 'postgres';
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** `require` encrypts, `verify-full` also wants a certificate that is valid for the host. */
  readonly tls: 'disable' | 'require' | 'verify-full';
}

const SERVERS = {
  'mysql:': { kind: 'mysql', port: 3306 },
  'mariadb:': { kind: 'mysql', port: 3306 },
  'postgres:': { kind: 'postgres', port: 5432 },
  'postgresql:': { kind: 'postgres', port: 5432 },
} as const;

const TLS = ['disable', 'require', 'verify-full'] as const;

const isServer = (protocol: string): protocol is keyof typeof SERVERS => Object.hasOwn(SERVERS, protocol);

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function tlsOf(parameters: URLSearchParams): DatabaseAddress['tls'] | undefined {
  if ([...parameters.keys()].some((key) => key !== 'sslmode')) return undefined;
  const wanted = parameters.get('sslmode') ?? 'disable';
  return TLS.find((mode) => mode === wanted);
}

/** Parts of `database.url`, or what is wrong with it; the text never has the password. */
export function parseDatabaseUrl(text: string): DatabaseAddress | string {
  if (!URL.canParse(text)) return 'must be a URL such as mysql://user:password@host/name';
  const url = new URL(text);
  if (!isServer(url.protocol)) return 'must begin with mysql://, mariadb://, postgres:// or postgresql://';
  const [user, password, database] = [url.username, url.password, url.pathname.slice(1)].map(decode);
  if (user === undefined || password === undefined || database === undefined) {
    return 'a percent sign in it must be written as %25';
  }
  if (url.hostname === '' || user === '') return 'needs a host and a user';
  if (!/^[^/\0]{1,64}$/.test(database)) return 'needs the name of a database after the host';
  const tls = tlsOf(url.searchParams);
  if (tls === undefined || url.hash !== '') return `knows no parameter but sslmode=${TLS.join('|')}`;
  const { kind, port } = SERVERS[url.protocol];
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { kind, host, port: url.port === '' ? port : Number(url.port), user, password, database, tls };
}
