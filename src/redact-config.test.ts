import { expect, test } from 'vitest';
import { parseConfig } from './config/load.ts';
import { redactConfig } from './redact-config.ts';

test('passwords are shown as set or not, and nothing else changes', () => {
  const secrets = `
gb28181: {auth: {password: s3cret-sip}}
rtsp: {auth: {password: s3cret-rtsp}}
pms: {passPhrase: s3cret-key}
pull: [{ip: 10.0.0.2, user: gbrtc, password: s3cret-node}, {ip: 10.0.0.3}]
`;
  const shown = redactConfig(parseConfig(secrets, 'test.yaml'));
  expect(JSON.stringify(shown)).not.toContain('s3cret');
  expect(shown).toMatchObject({
    gb28181: { auth: { password: '[set]' }, port: 5060 },
    pull: [
      { ip: '10.0.0.2', user: 'gbrtc', password: '[set]' },
      { ip: '10.0.0.3', password: '' },
    ],
  });
});
