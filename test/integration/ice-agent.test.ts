import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startCoturn, type Coturn } from '../support/coturn.ts';
import { freePort } from '../support/gateway-process.ts';
import { startIceAgent } from '../support/ice-agent-process.ts';
import { requireTool } from '../support/requires.ts';
import { Scene } from '../support/scene.ts';

const TOKEN = 'token-of-the-test';
const IP = '127.0.0.1';
/** A busy machine may need it. */
const TIMEOUT_MS = 20_000;

const coturns = requireTool('turnserver');

/** What the gateway says to a command, as another agent would hear it. */
async function ask(roomsPort: number, message: object, token = TOKEN): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${roomsPort}/icebandwidthload?token=${encodeURIComponent(token)}`, {
    method: 'POST',
    body: JSON.stringify(message),
  });
  return response.text();
}

/** Whether that server is in the list. A report of nothing is harmless: who is not in it stays out. */
const listed = async (roomsPort: number): Promise<boolean> =>
  (await ask(roomsPort, { cmd: 'iceReportRxTxRate', ip: IP, rxRate: 0, txRate: 0 })) === 'successful';

const eventuallyListed = (roomsPort: number, expected: boolean) =>
  expect.poll(() => listed(roomsPort), { timeout: TIMEOUT_MS }).toBe(expected);

const coturnAt = async (scene: Scene, port: number): Promise<Coturn> =>
  scene.keep(await startCoturn({ port, secret: 'north' }), (coturn) => coturn.stop());

describe('gbrtc ice-agent with coturn and a gateway', () => {
  test.runIf(coturns)('registers what answers, takes out what does not, and outlives both', async () => {
    await using scene = new Scene();
    const [roomsPort, turnPort] = [await freePort(), await freePort()];
    const config = { rooms: { port: roomsPort }, ice: { 'registration-token': TOKEN } };
    const coturn = await coturnAt(scene, turnPort);
    const agent = startIceAgent([
      '--server',
      `http://127.0.0.1:${roomsPort}`,
      '--token',
      TOKEN,
      '--ip',
      IP,
      '--turn-port',
      String(turnPort),
      '--secret',
      'north',
      '--interval',
      '300ms',
    ]);
    scene.keep(agent, () => agent.kill());
    // It is there before the gateway.
    await expect.poll(() => agent.output(), { timeout: TIMEOUT_MS }).toContain('does not answer');
    const gateway = await scene.gateway({ config });
    await eventuallyListed(roomsPort, true);

    await coturn.stop();
    await eventuallyListed(roomsPort, false);
    expect(agent.output()).toContain(`no answer from ${IP}, port ${turnPort}`);
    await coturnAt(scene, turnPort);
    await eventuallyListed(roomsPort, true);

    await gateway.stop();
    await scene.gateway({ config });
    await eventuallyListed(roomsPort, true);

    expect(await agent.stop()).toBe(0);
    expect(await listed(roomsPort)).toBe(false);
    expect(agent.output()).not.toContain('north');
    expect(agent.output()).not.toContain(TOKEN);
  });

  test.runIf(coturns)('killed with its host, it leaves the list when the time is over', async () => {
    await using scene = new Scene();
    const [roomsPort, turnPort] = [await freePort(), await freePort()];
    await scene.gateway({
      config: { rooms: { port: roomsPort }, ice: { 'registration-token': TOKEN, 'keep-live-timeout': '1s' } },
    });
    await coturnAt(scene, turnPort);
    const agent = startIceAgent([
      '--server',
      `http://127.0.0.1:${roomsPort}`,
      '--token',
      TOKEN,
      '--ip',
      IP,
      '--turn-port',
      String(turnPort),
      '--interval',
      '300ms',
    ]);
    scene.keep(agent, () => agent.kill());
    await expect.poll(() => agent.output(), { timeout: TIMEOUT_MS }).toContain('"registered"');
    await agent.kill();
    expect(await ask(roomsPort, { cmd: 'iceRegister', ip: IP, turnPort })).toBe('ice_have_registered');
    // Each question is a sign of life: only one.
    await delay(1500);
    expect(await listed(roomsPort)).toBe(false);
  });

  test.runIf(coturns)('a wrong token is refused, and said', async () => {
    await using scene = new Scene();
    const [roomsPort, turnPort] = [await freePort(), await freePort()];
    await scene.gateway({ config: { rooms: { port: roomsPort }, ice: { 'registration-token': TOKEN } } });
    await coturnAt(scene, turnPort);
    const agent = startIceAgent([
      '--server',
      `http://127.0.0.1:${roomsPort}`,
      '--token',
      'wrong',
      '--ip',
      IP,
      '--turn-port',
      String(turnPort),
      '--interval',
      '300ms',
    ]);
    scene.keep(agent, () => agent.kill());
    await expect.poll(() => agent.output(), { timeout: TIMEOUT_MS }).toContain('registration refused: ice_not_allowed');
    expect(await listed(roomsPort)).toBe(false);
    expect(await ask(roomsPort, { cmd: 'iceRegister', ip: IP }, '')).toBe('ice_not_allowed');
  });
});
