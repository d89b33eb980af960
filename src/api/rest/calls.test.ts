import { expect, test } from 'vitest';
import { openApi } from '../../../test/support/api-fixture.ts';

test('ICE servers with their load, for the administrator only', async () => {
  const api = await openApi({ auth: { enable: true, tokenTtlMs: 60_000, playTokenTtlMs: 60_000 } });
  expect((await api.get('/api/v1/ice-servers')).status).toBe(401);
  const response = await api.get('/api/v1/ice-servers', { Authorization: `Bearer ${await api.login()}` });
  const common = { turnPort: 3478, stunPort: 3478, maxBandwidth: 100_000, rxRate: 12, txRate: 34, reserved: 400 };
  expect(await response.json()).toEqual({
    items: [
      { ...common, ip: '192.0.2.1', country: 'DE', configured: true, handedOut: 0 },
      { ...common, ip: '192.0.2.2', country: '', configured: false, heardAt: 1_700_000_000_000, handedOut: 2 },
    ],
  });
  await api.close();
});
