import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WebhookSink {
  readonly url: string;
  /** Bodies that were taken. */
  readonly taken: Record<string, unknown>[];
  readonly requests: number;
  /** Of the answers; 0: none comes. */
  status: number;
  close(): Promise<void>;
}

/** An HTTP server on a free port of 127.0.0.1 that takes what is posted to it. */
export async function openWebhookSink(): Promise<WebhookSink> {
  const taken: Record<string, unknown>[] = [];
  let requests = 0;
  const state = { status: 204 };
  const server = createServer((req, res) => {
    requests += 1;
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => (text += chunk));
    req.on('end', () => {
      if (state.status === 0) return;
      if (state.status < 300 && req.method === 'POST') taken.push(JSON.parse(text) as Record<string, unknown>);
      res.writeHead(state.status, state.status === 302 ? { Location: '/elsewhere' } : {}).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`,
    taken,
    get requests() {
      return requests;
    },
    get status() {
      return state.status;
    },
    set status(status) {
      state.status = status;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
