import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { PageCall } from '../support/page-call.ts';
import { Scene } from '../support/scene.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true, args: ['--allow-loopback-in-peer-connection'] });
});
afterAll(() => browser.close());

/** Polls for long enough on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 45_000 });

const wsOf = ({ base }: GatewayProcess): string => `${base.replace('http', 'ws')}/ws`;

async function openUser(scene: Scene, gateway: GatewayProcess): Promise<PageCall> {
  return scene.keep(await PageCall.open(browser, `${gateway.base}/healthz`), (user) => user.close());
}

/** Users with these ids, in this order, in one room. */
async function openRoom<T extends readonly string[]>(
  scene: Scene,
  gateway: GatewayProcess,
  uids: T,
): Promise<{ [K in keyof T]: PageCall }> {
  const users: PageCall[] = [];
  for (const uid of uids) {
    const user = await openUser(scene, gateway);
    expect(await user.join({ url: wsOf(gateway), roomId: '22', uid })).toMatchObject({ result: 0, uid });
    users.push(user);
  }
  return users as { [K in keyof T]: PageCall };
}

describe('a client written from the document', () => {
  test('three users: each decodes picture and sound of each other; one leaves', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const [ann, bob, cat] = await openRoom(scene, gateway, ['ann', 'bob', 'cat'] as const);
    await Promise.all([ann.waitMedia(['bob', 'cat']), bob.waitMedia(['ann', 'cat']), cat.waitMedia(['ann', 'bob'])]);
    for (const user of [ann, bob, cat]) {
      const pairs = Object.values(await user.pairs());
      expect(pairs).toMatchObject([
        { connectionState: 'connected', connectType: 'STUN' },
        { connectionState: 'connected', connectType: 'STUN' },
      ]);
    }
    const [joined] = await cat.received('respJoin');
    expect(joined).toMatchObject({
      result: 0,
      desc: 'ok',
      roomId: '22',
      uid: 'cat',
      reportStatsInterval: 15,
      userList: [
        { appId: '10000', uid: 'ann', uname: 'client_ann', userType: 0, talkType: 1 },
        { appId: '10000', uid: 'bob', uname: 'client_bob', userType: 0, talkType: 1 },
      ],
    });
    expect((await ann.received('notifyNewPeer')).map(({ uid }) => uid)).toEqual(['bob', 'cat']);

    await cat.turn(1, false);
    for (const user of [ann, bob]) {
      await eventually(() => user.received('relayTurnTalkType')).toMatchObject([
        { uid: 'cat', uname: 'client_cat', index: 1, enable: false },
      ]);
    }
    expect(await cat.leave()).toMatchObject({ cmd: 'respLeave', uid: 'cat' });
    for (const user of [ann, bob]) {
      await eventually(() => user.received('relayLeave')).toMatchObject([{ uid: 'cat', uname: 'client_cat' }]);
    }
    await ann.waitMedia(['bob']);
    await bob.waitMedia(['ann']);
    expect([Object.keys(await ann.pairs()), Object.keys(await bob.pairs())]).toEqual([['bob'], ['ann']]);
  });

  test('a user whose connection is lost leaves after the time for keepLive; it may come back', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { call: { 'keep-live-timeout': '6s' } } });
    const [ann, bob] = await openRoom(scene, gateway, ['ann', 'bob'] as const);
    await ann.waitMedia(['bob']);
    await bob.dropSocket();
    // Signalling alone is gone: who is still heard is still there.
    await ann.waitMedia(['bob']);
    await eventually(() => ann.received('relayLeave')).toMatchObject([{ uid: 'bob' }]);
    expect(await bob.join({ url: wsOf(gateway), roomId: '22', uid: 'bob' })).toMatchObject({ result: 0 });
    await ann.waitMedia(['bob']);
    await bob.waitMedia(['ann']);
  });

  test('the room is full', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway({ config: { call: { capacity: 2 } } });
    await openRoom(scene, gateway, ['ann', 'bob'] as const);
    const cat = await openUser(scene, gateway);
    expect(await cat.join({ url: wsOf(gateway), roomId: '22', uid: 'cat' })).toMatchObject({
      result: 1,
      desc: 'room is full, it up to max number:2',
    });
    expect(await cat.join({ url: wsOf(gateway), roomId: '23', uid: 'cat' })).toMatchObject({ result: 0 });
  });

  test('sound alone', async () => {
    await using scene = new Scene();
    const gateway = await scene.gateway();
    const [ann, bob] = [await openUser(scene, gateway), await openUser(scene, gateway)];
    await ann.join({ url: wsOf(gateway), roomId: '22', uid: 'ann', talkType: 0 });
    await bob.join({ url: wsOf(gateway), roomId: '22', uid: 'bob', talkType: 0 });
    const sound = async (user: PageCall, of: string) => (await user.pairs())[of]?.audioPackets ?? 0;
    await eventually(() => sound(ann, 'bob')).toBeGreaterThan(50);
    await eventually(() => sound(bob, 'ann')).toBeGreaterThan(50);
    expect((await bob.received('respJoin'))[0]).toMatchObject({ userList: [{ uid: 'ann', talkType: 0 }] });
  });
});
