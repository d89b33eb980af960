import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { freePort } from '../support/gateway-process.ts';
import { PageMeeting } from '../support/page-meeting.ts';
import { Scene } from '../support/scene.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium({ fakeDevices: true });
});
afterAll(() => browser.close());

const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 60_000 });

interface Ports {
  /** Of the gateway's page. */
  readonly base: string;
  readonly url: string;
}

/** A gateway with its media port, and where its MeetingServer is. */
async function openPlain(scene: Scene): Promise<Ports> {
  const [rooms, pms] = [await freePort(), await freePort()];
  const { base } = await scene.gateway({
    config: { rooms: { port: rooms, host: '127.0.0.1' }, pms: { port: pms }, meeting: { 'grace-time': '2s' } },
  });
  return { base, url: `ws://127.0.0.1:${rooms}/meeting` };
}

/** Both ports with TLS only. */
async function openSecure(scene: Scene): Promise<Ports> {
  const folder = scene.folder();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2', '-nodes'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  const [rooms, pms] = [await freePort(), await freePort()];
  const { base } = await scene.gateway({
    config: {
      rooms: { port: 0, 'ssl-port': rooms, host: '127.0.0.1', 'key-file': key, 'cert-file': cert },
      pms: { port: 0, sslPort: pms, keyFile: key, certFile: cert },
      meeting: { 'grace-time': '2s' },
    },
  });
  return { base, url: `wss://127.0.0.1:${rooms}/meeting` };
}

/** Members who have joined one after the other and published. */
async function gather(scene: Scene, { base, url }: Ports, names: readonly string[]): Promise<PageMeeting[]> {
  const members: PageMeeting[] = [];
  for (const endpoint of names) {
    const member = scene.keep(await PageMeeting.open(browser, base), (open) => open.close());
    await member.meet({ url, channel: 'daily', endpoint });
    members.push(member);
  }
  return members;
}

/** Each decodes each other and nobody else: so many more frames than now. */
async function allSee(members: readonly PageMeeting[], names: readonly string[]): Promise<void> {
  for (const [index, member] of members.entries()) {
    const others = names.filter((_, at) => at !== index);
    await eventually(async () => Object.keys(await member.frames()).sort()).toEqual([...others].sort());
    const before = await member.frames();
    for (const other of others) {
      await eventually(async () => (await member.frames())[other]).toBeGreaterThan((before[other] ?? 0) + 10);
    }
  }
}

const endpointEvent = (endpoint: string, stat: string) => ({ event: 'endpoint', data: { device: '', endpoint, stat } });
const streamEvent = (endpoint: string, stat: string) => ({
  event: 'stream',
  data: { device: '', endpoint, stream: endpoint, stat },
});

test.each([
  { name: 'ws', open: openPlain },
  { name: 'wss', open: openSecure },
])('three parties over $name: each decodes each other; one leaves, one is lost', async ({ open }) => {
  await using scene = new Scene();
  const ports = await open(scene);
  const names = ['ann', 'bob', 'eve'];
  const [ann, bob, eve] = (await gather(scene, ports, names)) as [PageMeeting, PageMeeting, PageMeeting];
  await allSee([ann, bob, eve], names);
  expect(await eve.members()).toEqual({ ann: 'camera', bob: 'camera', eve: 'camera' });
  expect(await ann.events()).toEqual(
    ['bob', 'eve'].flatMap((name) => [endpointEvent(name, 'join'), streamEvent(name, 'publish')]),
  );

  await bob.broadcast({ text: '<b>hello</b>' });
  const said = { source_endpoint: { device: '', endpoint: 'bob' }, payload: { text: '<b>hello</b>' } };
  await eventually(() => ann.events()).toEqual([{ event: 'broadcast', data: said }]);

  await bob.leave();
  await eventually(() => eve.members()).toEqual({ ann: 'camera', eve: 'camera' });
  const left = [streamEvent('bob', 'unpublish'), endpointEvent('bob', 'leave')];
  expect(await ann.events()).toEqual(left);
  await allSee([ann, eve], ['ann', 'eve']);

  // The browser is gone without a word: told after the grace time.
  await eve.close();
  await eventually(() => ann.members()).toEqual({ ann: 'camera' });
  expect(await ann.events()).toEqual([streamEvent('eve', 'unpublish'), endpointEvent('eve', 'leave')]);
  expect(await ann.frames()).toEqual({});
});

test('a lost connection that comes back within the grace time is not noticed', async () => {
  await using scene = new Scene();
  const ports = await openPlain(scene);
  const names = ['ann', 'bob'];
  const [ann, bob] = (await gather(scene, ports, names)) as [PageMeeting, PageMeeting];
  await allSee([ann, bob], names);
  await ann.events();
  await bob.drop();
  await bob.rejoin();
  expect(await bob.members()).toEqual({ ann: 'camera', bob: 'camera' });
  await bob.broadcast({ back: true });
  await eventually(() => ann.events()).toHaveLength(1);
  await allSee([ann, bob], names);
});

test('rooms of other names and apps neither see nor hear each other', async () => {
  await using scene = new Scene();
  const { base, url } = await openPlain(scene);
  const open = async (endpoint: string, room: { app?: string; channel: string }): Promise<PageMeeting> => {
    const member = scene.keep(await PageMeeting.open(browser, base), (page) => page.close());
    await member.meet({ url, endpoint, ...room });
    return member;
  };
  const ann = await open('ann', { channel: 'daily' });
  const bob = await open('bob', { channel: 'weekly' });
  const eve = await open('eve', { app: 'other', channel: 'daily' });
  await bob.broadcast({ text: 'only here' });
  for (const [name, member] of Object.entries({ ann, bob, eve })) {
    expect(await member.members()).toEqual({ [name]: 'camera' });
    expect(await member.events()).toEqual([]);
    expect(await member.frames()).toEqual({});
  }
});
