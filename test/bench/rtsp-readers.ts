// A process of RTSP players over TCP for the load figures: they set up all tracks, play, and count bytes.
// Started by fork(); receives `{ url, players }`, tells `{ ready }`, answers `count` with `{ bytes, open }`.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

interface StartMessage {
  readonly url: string;
  readonly players: number;
}

const sockets: Socket[] = [];
let bytes = 0;

async function answerOf(socket: Socket, request: string): Promise<string> {
  socket.write(request);
  let text = '';
  while (!text.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
  const end = text.indexOf('\r\n\r\n') + 4 + length;
  while (text.length < end) text += ((await once(socket, 'data')) as [Buffer])[0].toString('latin1');
  if (!text.startsWith('RTSP/1.0 200')) throw new Error(text.slice(0, 200));
  return text;
}

async function play(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  await once(socket, 'connect');
  const description = await answerOf(socket, `DESCRIBE ${url} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  let session = '';
  for (let track = 0; track < description.split('m=').length - 1; track++) {
    const transport = `Transport: RTP/AVP/TCP;unicast;interleaved=${2 * track}-${2 * track + 1}\r\n`;
    const request = `SETUP ${url}/trackID=${track} RTSP/1.0\r\nCSeq: ${2 + track}\r\n${transport}${session}\r\n`;
    const answer = await answerOf(socket, request);
    session = `Session: ${/^session: ([^;\r]+)/im.exec(answer)?.[1] ?? ''}\r\n`;
  }
  socket.write(`PLAY ${url} RTSP/1.0\r\nCSeq: 9\r\n${session}\r\n`);
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
}

async function start({ url, players }: StartMessage): Promise<void> {
  await Promise.all(Array.from({ length: players }, () => play(url)));
  process.send?.({ ready: players });
}

process.on('message', (message: StartMessage | 'count') => {
  if (message === 'count') {
    process.send?.({ bytes, open: sockets.filter(({ destroyed }) => !destroyed).length });
    return;
  }
  start(message).catch((error: unknown) => process.send?.({ error: String(error) }));
});
