import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openCalls } from '../../src/store/index.ts';
import { silentLogger } from '../../src/util/index.ts';
import { finish, talkSession } from '../support/call-fixture.ts';
import { freePort, startGatewayProcess } from '../support/gateway-process.ts';
import { openSmtpSink } from '../support/smtp-sink.ts';
import { openWebhookSink } from '../support/webhook-sink.ts';

const DAY_MS = 86_400_000;
const TURN = '192.0.2.9';

const open: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** What waits in the spool of a gateway whose database was away: one call of yesterday. */
async function leaveCall(dataDir: string): Promise<void> {
  const place = { kind: 'sqlite', folder: dataDir } as const;
  const calls = openCalls({ place, dataFolder: dataDir, spoolBytes: 64_000_000, finish }, silentLogger);
  const joinedAt = Date.now() - DAY_MS;
  calls.records.saveSession(talkSession(1, { createdAt: joinedAt, joinedAt, leftAt: joinedAt + 1 }));
  await calls.close();
}

test('a gateway tells of its database of calls and of TURN servers, and reports the day when its records are there', async () => {
  const [hook, smtp] = [await openWebhookSink(), await openSmtpSink()];
  open.push(
    () => hook.close(),
    () => smtp.close(),
  );
  const dataDir = mkdtempSync(join(tmpdir(), 'gbrtc-room-alerts-'));
  open.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = join(dataDir, 'calls.db');
  mkdirSync(database);
  await leaveCall(dataDir);
  const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  writeFileSync(join(dataDir, 'daily-report.json'), JSON.stringify({ id: 'test', since: yesterday, days: [] }));

  const gateway = await startGatewayProcess({
    dataDir,
    config: {
      rooms: { port: await freePort() },
      alerts: { webhook: hook.url },
      ice: { servers: [{ ip: TURN, 'turn-port': 3478 }] },
      mail: { host: '127.0.0.1', port: smtp.port, from: 'gbrtc@example.org' },
      report: { 'mail-to': ['ops@example.org'], time: '00:00', 'time-zone': 'UTC' },
    },
  });
  open.push(() => gateway.stop());
  const heard = (wanted: string) =>
    hook.taken.filter(({ part }) => part === wanted).map(({ which, event }) => [which, event].join(' ').trim());
  const tell = async (message: object): Promise<string> =>
    (await fetch(`${gateway.base}/icebandwidthload`, { method: 'POST', body: JSON.stringify(message) })).text();

  await expect.poll(() => heard('call-database')).toEqual(['failed']);
  expect(await tell({ cmd: 'iceDeregister', ip: TURN, reason: 'failed' })).toBe('successful');
  await expect.poll(() => heard('ice-server')).toEqual([`${TURN} failed`]);
  expect(await tell({ cmd: 'iceRegister', ip: TURN, turnPort: 3478, maxBandwidth: 1000 })).toBe('ice_have_registered');
  await expect.poll(() => heard('ice-server')).toEqual([`${TURN} failed`, `${TURN} returned`]);

  expect(smtp.attempts).toBe(0);
  rmdirSync(database);
  await expect.poll(() => heard('call-database'), { timeout: 40_000 }).toEqual(['failed', 'returned']);
  await expect.poll(() => smtp.mails.length).toBe(1);
  expect(smtp.mails[0]?.raw).toMatch(new RegExp(`^Subject: gbrtc: Call report ${yesterday}`, 'm'));
  expect(smtp.mails[0]?.raw).toMatch(/Calls \(joins\): +1\r?$/m);
});
