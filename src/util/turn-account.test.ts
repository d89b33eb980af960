import { describe, expect, test } from 'vitest';
import { turnAccount } from './turn-account.ts';

describe('turnAccount', () => {
  // Credentials by `printf NAME | openssl dgst -sha1 -hmac SECRET -binary | base64`.
  test.each([
    ['north', 'alice', 1_764_331_200_999, { username: '1764331200:alice', credential: '23SRHBmtCMytnCjJ+6yM97E9JTI=' }],
    ['a secret of coturn', '', 0, { username: '0:', credential: 'ZBn0VDnKGLFPWdtvzDGSPaqm2j4=' }],
    [
      'Geheimnis-ü',
      '974825066',
      1_900_000_000_000,
      { username: '1900000000:974825066', credential: 'u/fBpyYFf5Lv/10nSncE9zEpQ/g=' },
    ],
  ])('secret %s, user %s', (secret, user, expiresAt, account) => {
    expect(turnAccount(secret, user, expiresAt)).toEqual(account);
  });

  test.each([
    ['a:b c\r\nd', '1:abcd'],
    ['山田<b>', '1:b'],
    ['x'.repeat(1000), `1:${'x'.repeat(64)}`],
  ])('a user named %j leaves the form of the name alone', (user, username) => {
    expect(turnAccount('s', user, 1000).username).toBe(username);
  });
});
