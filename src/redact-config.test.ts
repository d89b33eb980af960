import { expect, test } from 'vitest';
import { parseConfig } from './config/load.ts';
import { redactConfig } from './redact-config.ts';

test('passwords are shown as set or not, and nothing else changes', () => {
  const secrets = `
gb28181: {auth: {password: s3cret-sip}}
rtsp: {auth: {password: s3cret-rtsp}}
pms: {passPhrase: s3cret-key}
pull: [{ip: 10.0.0.2, user: gbrtc, password: s3cret-node}, {ip: 10.0.0.3}]
http: {pass-phrase: s3cret-https}
ice: {shared-secret: s3cret-turn, servers: [{ip: 10.0.0.4, credential: s3cret-fixed}]}
database: {url: 'mysql://calls:s3cret@s3cret-db@10.0.0.5/rtc'}
mail: {password: s3cret-mail}
alerts: {webhook: 'https://hooks.example/s3cret'}
`;
  const shown = redactConfig(parseConfig(secrets, 'test.yaml'));
  expect(JSON.stringify(shown)).not.toContain('s3cret');
  expect(shown).toMatchObject({
    gb28181: { auth: { password: '[set]' }, port: 5060 },
    http: { auth: { 'token-lifetime': 43_200_000, 'play-token-lifetime': 600_000 } },
    database: { url: 'mysql://calls:[set]@10.0.0.5/rtc' },
    pull: [
      { ip: '10.0.0.2', user: 'gbrtc', password: '[set]' },
      { ip: '10.0.0.3', password: '' },
    ],
  });
});
