import { expect, test } from 'vitest';
import { silentLogger } from '../../util/index.ts';
import { PortPool } from '../ports/index.ts';
import { NO_RELAY_STATS, type RelayRequest } from './protocol.ts';
import { RelayLink } from './relay-link.ts';

test('a relay that ends while it opens is told to who waits for it', async () => {
  const posted: [number, RelayRequest][] = [];
  const post = (key: number, request: RelayRequest): void => void posted.push([key, request]);
  const link = new RelayLink({ listenAddress: '127.0.0.1', post, log: silentLogger });
  const options = { id: 'r', tracks: [], target: { address: '127.0.0.1', port: 9 }, firstMediaMs: 1, silenceMs: 1 };
  const opening = link.open(options, new PortPool({ portMin: 30_000, portMax: 30_010, quarantineMs: 1, now: () => 0 }));
  const [key] = posted[0]!;
  link.onNotice(key, { name: 'ended', reason: 'failed', stats: NO_RELAY_STATS });
  await expect(opening).rejects.toMatchObject({ code: 'media_framing_failed' });
  expect(link.size).toBe(0);
});
