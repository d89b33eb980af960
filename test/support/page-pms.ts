import type { Page } from 'playwright-core';
import type { PmsMessage } from './pms-client.ts';

/** The pms signalling in a page: its own WebSocket, nothing else. */
export class PagePms {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async connect(page: Page, url: string): Promise<PagePms> {
    await page.evaluate(PAGE_SCRIPT);
    await page.evaluate<void>(`gbrtcPmsConnect(${JSON.stringify(url)})`);
    return new PagePms(page);
  }

  async ask(message: object): Promise<PmsMessage> {
    return this.#page.evaluate<PmsMessage>(`gbrtcPmsAsk(${JSON.stringify(message)})`);
  }

  /** The next message that the server sends by itself. */
  async next(): Promise<PmsMessage> {
    return this.#page.evaluate<PmsMessage>('gbrtcPmsNext()');
  }
}

const PAGE_SCRIPT = `(() => {
const received = [];
let socket, wake;
async function gbrtcPmsConnect(url) {
  socket = new WebSocket(url);
  socket.onmessage = ({ data }) => { received.push(JSON.parse(data)); wake?.(); };
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = () => reject(new Error('no WebSocket')); });
}
async function gbrtcPmsNext() {
  while (received.length === 0) await new Promise((resolve) => { wake = resolve; });
  return received.shift();
}
async function gbrtcPmsAsk(message) {
  socket.send(JSON.stringify(message));
  return gbrtcPmsNext();
}
Object.assign(window, { gbrtcPmsConnect, gbrtcPmsNext, gbrtcPmsAsk });
})()`;
