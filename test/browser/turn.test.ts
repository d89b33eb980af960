import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { startCoturn, type Coturn } from '../support/coturn.ts';
import { freePort, type GatewayProcess } from '../support/gateway-process.ts';
import { startIceAgent, type IceAgentProcess } from '../support/ice-agent-process.ts';
import { PageCall, type CallPageMessage } from '../support/page-call.ts';
import { requireTool } from '../support/requires.ts';
import { Scene } from '../support/scene.ts';

const TOKEN = 'token-of-the-test';
const SECRET = 'secret-of-the-test';
/** A busy machine may need it. */
const TIMEOUT_MS = 30_000;
const EMPTY = { bundlePolicy: 'max-bundle', iceServers: [], iceTransportPolicy: 'all', rtcpMuxPolicy: 'require' };

const programs = requireTool('turnserver') && requireTool('chromium');

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true, args: ['--allow-loopback-in-peer-connection'] });
});
afterAll(() => browser.close());

interface Opened {
  readonly gateway: GatewayProcess;
  readonly coturn: Coturn;
  readonly agent: IceAgentProcess;
}

/** A gateway that knows no ICE server by itself, coturn, and the agent that brings them together over a WebSocket. */
async function open(scene: Scene, keepLiveTimeout: string): Promise<Opened> {
  const gateway = await scene.gateway({
    config: { ice: { 'registration-token': TOKEN, 'keep-live-timeout': keepLiveTimeout } },
  });
  const port = await freePort();
  const coturn = scene.keep(await startCoturn({ port, secret: SECRET }), (server) => server.stop());
  const agent = startIceAgent([
    '--server',
    gateway.base.replace('http', 'ws'),
    '--token',
    TOKEN,
    '--ip',
    '127.0.0.1',
    '--relay',
    '--turn-port',
    String(port),
    '--secret',
    SECRET,
    '--interval',
    '500ms',
  ]);
  scene.keep(agent, () => agent.kill());
  await expect.poll(() => agent.output(), { timeout: TIMEOUT_MS }).toContain('"registered"');
  return { gateway, coturn, agent };
}

async function enter(scene: Scene, { base }: GatewayProcess, roomId: string, uid: string): Promise<PageCall> {
  const user = scene.keep(await PageCall.open(browser, `${base}/healthz`), (page) => page.close());
  const joined = await user.join({ url: `${base.replace('http', 'ws')}/ws`, roomId, uid });
  expect(joined).toMatchObject({ result: 0 });
  return user;
}

/** What the page's user was told of the one who came. */
async function told(user: PageCall): Promise<CallPageMessage> {
  await expect.poll(() => user.received('notifyNewPeer'), { timeout: TIMEOUT_MS }).toHaveLength(1);
  return (await user.received('notifyNewPeer'))[0]!;
}

/** Connect type and ICE server of every direction of every call, as the database has them. */
function records({ dataDir }: GatewayProcess): unknown[] {
  const database = new DatabaseSync(join(dataDir, 'calls.db'), { readOnly: true });
  try {
    return database.prepare('SELECT connect_type, ice_ip, status FROM rtc_talk_subsessions').all();
  } finally {
    database.close();
  }
}

describe('a call through coturn', () => {
  test.runIf(programs)(
    'is relayed by the server that the agent registered, and told and recorded as TURN',
    async () => {
      await using scene = new Scene();
      const { gateway, coturn } = await open(scene, '30s');
      const ann = await enter(scene, gateway, '22', 'ann');
      const bob = await enter(scene, gateway, '22', 'bob');
      const { rtcConfig } = await told(ann);
      expect(rtcConfig).toEqual({
        bundlePolicy: 'max-bundle',
        iceServers: [
          {
            credential: expect.stringMatching(/^[\w+/]{27}=$/) as string,
            urls: [`turn:127.0.0.1:${coturn.port}?transport=udp`, `turn:127.0.0.1:${coturn.port}?transport=tcp`],
            // Made by the agent: the gateway does not know the secret.
            username: expect.stringMatching(/^\d+:gbrtc$/) as string,
          },
          { credential: '', urls: [`stun:127.0.0.1:${coturn.port}`], username: '' },
        ],
        iceTransportPolicy: 'relay',
        rtcpMuxPolicy: 'require',
      });
      await Promise.all([ann.waitMedia(['bob']), bob.waitMedia(['ann'])]);
      // The pages read it from the selected candidate pair.
      await expect.poll(() => ann.pairs(), { timeout: TIMEOUT_MS }).toMatchObject({ bob: { connectType: 'TURN' } });
      await expect.poll(() => bob.pairs(), { timeout: TIMEOUT_MS }).toMatchObject({ ann: { connectType: 'TURN' } });
      const { username } = (rtcConfig as { iceServers: ReadonlyArray<{ username: string }> }).iceServers[0]!;
      expect(coturn.output()).toMatch(new RegExp(`user <${username}>.*ALLOCATE processed, success`));
      await ann.leave();
      await bob.leave();
      await expect
        .poll(() => records(gateway), { timeout: TIMEOUT_MS })
        .toEqual(Array.from({ length: 2 }, () => ({ connect_type: 'TURN', ice_ip: '127.0.0.1', status: 1 })));
    },
    120_000,
  );

  test.runIf(programs)(
    'the server of an agent that has died is no longer handed out',
    async () => {
      await using scene = new Scene();
      const { gateway, coturn, agent } = await open(scene, '2s');
      const ann = await enter(scene, gateway, '22', 'ann');
      await enter(scene, gateway, '22', 'bob');
      expect(JSON.stringify((await told(ann)).rtcConfig)).toContain(`turn:127.0.0.1:${coturn.port}`);
      await agent.kill();
      const askAgain = async (): Promise<unknown> => {
        const room = String(Math.random());
        await using pair = new Scene();
        const one = await enter(pair, gateway, room, 'one');
        await enter(pair, gateway, room, 'two');
        return (await told(one)).rtcConfig;
      };
      await expect.poll(askAgain, { timeout: TIMEOUT_MS, interval: 500 }).toEqual(EMPTY);
    },
    120_000,
  );
});
