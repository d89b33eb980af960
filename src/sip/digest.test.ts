import { describe, expect, test } from 'vitest';
import {
  DigestServer,
  answerChallenge,
  computeDigest,
  parseAuthorization,
  type DigestInput,
  type DigestServerOptions,
} from './index.ts';
import { HeaderList } from './headers/header-list.ts';

interface Vector extends Omit<DigestInput, 'algorithm'> {
  readonly kind: string;
  readonly algorithm?: DigestInput['algorithm'];
  readonly response: string;
}

const CAPTURE = {
  username: '34010000001310000001',
  realm: '3401000000',
  password: '12345678',
  method: 'REGISTER',
  uri: 'sip:34010000002000000001@192.168.230.53:5060',
};
const HIKVISION = {
  username: 'admin',
  realm: 'hik',
  password: '12345',
  method: 'REGISTER',
  uri: 'sip:130909115229300920@10.64.49.44:7100',
};
const RFC_2617 = {
  username: 'Mufasa',
  realm: 'testrealm@host.com',
  password: 'Circle Of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
};
const RFC_7616 = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  method: 'GET',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  qop: 'auth',
  nc: '00000001',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

const vectors: Vector[] = [
  { ...CAPTURE, kind: 'camera', nonce: '9450c474d1150064', response: '1dae2e01c1b83b2a156dd94d86ff9c08' },
  { ...CAPTURE, kind: 'camera', nonce: '0540eb8f630c60f0', response: '65bda226c49c75abdd1d0ce83608436b' },
  {
    ...HIKVISION,
    kind: 'Hikvision, user name is not the device',
    nonce: 'a8afe6fcbee6331d89d3eb0d3d19ce39',
    response: '907ddb1bcc25174d7de4a96c947fb066',
  },
  {
    ...HIKVISION,
    kind: 'Hikvision, second registration',
    nonce: '42dc1acbe02b15743942c0af9314768b',
    response: '7328353ed26e3f2edf3ff57e834d5665',
  },
  {
    kind: 'computed, qop=auth',
    username: '34020000001320000001',
    realm: '3402000000',
    password: '12345678',
    method: 'REGISTER',
    uri: 'sip:34020000002000000001@3402000000',
    nonce: '0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    qop: 'auth',
    nc: '00000001',
    cnonce: '0a4f113b',
    response: '48732087baa10786e9cd6c61376595ca',
  },
  {
    ...RFC_2617,
    kind: 'RFC 2617 §3.5',
    qop: 'auth',
    nc: '00000001',
    cnonce: '0a4f113b',
    response: '6629fae49393a05397450978507c4ef1',
  },
  { ...RFC_7616, kind: 'RFC 7616 §3.9.1 MD5', response: '8ca523f5e9506fed4657c9700eebdbec' },
  {
    ...RFC_7616,
    kind: 'RFC 7616 §3.9.1 SHA-256',
    algorithm: 'SHA-256',
    response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  },
];

test.each(vectors)('computeDigest: $kind $nonce', ({ response, kind, algorithm = 'MD5', ...input }) => {
  expect(kind).not.toBe('');
  expect(computeDigest({ ...input, algorithm })).toBe(response);
});

const URI = 'sip:34020000002000000001@3402000000';
const CREDENTIALS = { username: '34020000001320000001', password: '12345678' };

function challengeOf(server: DigestServer, status = 401, stale = false) {
  const headers = new HeaderList();
  for (const value of server.challenge(stale)) {
    headers.append(status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate', value);
  }
  return { status, headers };
}

function answerTo(server: DigestServer, credentials = CREDENTIALS): string {
  return answerChallenge(challengeOf(server), credentials, { method: 'REGISTER', uri: URI })?.[1] ?? '';
}

function check(server: DigestServer, authorization: string | undefined, method = 'REGISTER') {
  return server.verify({
    method,
    authorization,
    passwordOf: (name) => (name === CREDENTIALS.username ? CREDENTIALS.password : undefined),
  });
}

describe('server and client', () => {
  const settings: Array<{ name: string; options: Partial<DigestServerOptions> }> = [
    { name: 'MD5 without qop', options: {} },
    { name: 'MD5 with qop', options: { qop: true } },
    { name: 'SHA-256 with qop', options: { qop: true, algorithms: ['SHA-256'] } },
    { name: 'both, SHA-256 is chosen', options: { algorithms: ['MD5', 'SHA-256'] } },
  ];
  test.each(settings)('$name', ({ options, name }) => {
    const server = new DigestServer({ realm: '3402000000', ...options });
    const authorization = answerTo(server);
    expect(check(server, authorization)).toEqual({ result: 'ok', username: CREDENTIALS.username });
    expect(authorization.includes('SHA-256')).toBe(name.includes('SHA-256'));
    expect(authorization.includes('qop=auth')).toBe(options.qop === true);
  });

  test('407 is answered by Proxy-Authorization; what cannot be answered is not', () => {
    const server = new DigestServer({ realm: 'r' });
    const target = { method: 'REGISTER', uri: URI };
    expect(answerChallenge(challengeOf(server, 407), CREDENTIALS, target)?.[0]).toBe('Proxy-Authorization');
    const headers = new HeaderList();
    headers.append('WWW-Authenticate', 'NoOneKnowsThisScheme opaque-data=here');
    headers.append('WWW-Authenticate', 'Digest realm="r", nonce="n", algorithm=SM3');
    expect(answerChallenge({ status: 401, headers }, CREDENTIALS, target)).toBeUndefined();
  });

  test('opaque is given back', () => {
    const headers = new HeaderList();
    headers.append('WWW-Authenticate', 'Digest realm="r",opaque="o \\"x\\"",nonce="n"');
    const [, value = ''] =
      answerChallenge({ status: 401, headers }, CREDENTIALS, { method: 'REGISTER', uri: URI }) ?? [];
    expect(parseAuthorization(value)?.params.get('opaque')).toBe('o "x"');
  });
});

describe('DigestServer.verify', () => {
  let now = 1_800_000_000_000;
  const server = new DigestServer({ realm: '3402000000', nonceLifetimeMs: 1_000, now: () => now });
  const other = new DigestServer({ realm: '3402000000', now: () => now });

  const refusals = [
    { name: 'no header', header: undefined, result: 'missing' },
    { name: 'another scheme', header: 'Basic dTpw', result: 'malformed' },
    { name: 'no parameters', header: 'Digest ', result: 'malformed' },
    { name: 'nonce of another server', header: answerTo(other), result: 'bad_nonce' },
    { name: 'changed nonce', header: answerTo(server).replace(/nonce="0/, 'nonce="1'), result: 'bad_nonce' },
    { name: 'wrong password', header: answerTo(server, { ...CREDENTIALS, password: 'x' }), result: 'wrong_response' },
    { name: 'unknown user', header: answerTo(server, { ...CREDENTIALS, username: 'x' }), result: 'unknown_user' },
    {
      name: 'wrong realm',
      header: answerTo(server).replace('realm="3402000000"', 'realm="3402"'),
      result: 'wrong_realm',
    },
    { name: 'algorithm not offered', header: answerTo(server).replace('MD5', 'SHA-256'), result: 'malformed' },
    { name: 'algorithm not known', header: answerTo(server).replace('MD5', 'SM3'), result: 'malformed' },
    {
      name: 'short response',
      header: answerTo(server).replace(/response="..../, 'response="'),
      result: 'wrong_response',
    },
  ];
  test.each(refusals)('refuses: $name', ({ header, result }) => {
    expect(check(server, header).result).toBe(result);
  });

  test('another method does not verify', () => {
    expect(check(server, answerTo(server), 'INVITE').result).toBe('wrong_response');
  });

  test('quirk: syntax of devices: blanks, no quotes, capitals, other order', () => {
    const params = parseAuthorization(answerTo(server))?.params ?? new Map<string, string>();
    const field = (name: string): string => params.get(name) ?? '';
    const loose =
      `digest  response = "${field('response').toUpperCase()}" ,, uri="${URI}",algorithm=md5 , ` +
      `Username=${CREDENTIALS.username}, NONCE="${field('nonce')}",realm = "3402000000"`;
    expect(check(server, loose)).toEqual({ result: 'ok', username: CREDENTIALS.username });
  });

  test('quirk: uri of the header counts, not the Request-URI', () => {
    const uri = 'sip:34020000002000000001@192.0.2.1:5060';
    const authorization = answerChallenge(challengeOf(server), CREDENTIALS, { method: 'REGISTER', uri })?.[1];
    expect(check(server, authorization).result).toBe('ok');
  });

  test('an old nonce is stale for who knows the password, and only for them', () => {
    const good = answerTo(server);
    const bad = answerTo(server, { ...CREDENTIALS, password: 'x' });
    now += 1_001;
    expect(check(server, good)).toEqual({ result: 'stale', username: CREDENTIALS.username });
    expect(check(server, bad).result).toBe('wrong_response');
    expect(server.challenge(true)[0]).toContain('stale=true');
    expect(check(server, answerTo(server)).result).toBe('ok');
  });

  test('fuzz: 200,000 mutated headers never verify and never throw', () => {
    const source = answerTo(server);
    let seed = 0xd16;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const start = source.indexOf('response="') + 10;
    for (let round = 0; round < 200_000; round += 1) {
      // One digit of the response is always wrong, and nothing that is put in is a digit.
      const at = start + random(32);
      const digit = source[at] === '0' ? '1' : '0';
      const wrong = source.slice(0, at) + digit + source.slice(at + 1);
      const cut = random(wrong.length);
      const result = check(
        server,
        wrong.slice(0, cut) + String.fromCharCode(0x80 + random(128)) + wrong.slice(cut + random(3)),
      );
      if (result.result === 'ok') throw new RangeError(wrong);
    }
  });
});
