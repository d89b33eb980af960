import { connect } from 'node:net';

/** A whole number from 0 to below its argument. */
type Random = (below: number) => number;

export interface WebSocketTarget {
  readonly port: number;
  /** Where the protocol is served, e.g. `/meeting`. */
  readonly path: string;
}

/** Beginnings of messages of the three protocols, before the nonsense starts. */
const MESSAGES = [
  '',
  '{"version":"1.0","method":"stream.publish","stream":"desk","data":{"sdp":"v=0\\r\\n',
  '{"version":"1.0","method":"stream.play","stream":',
  '{"request":true,"id":1,"method":"join","data":{"room":',
  '{"cmd":"join","roomName":"talk","uid":"1","msg":"',
  '['.repeat(2_000),
  '{"a":'.repeat(2_000),
];

/** RFC 6455 §5.2; a client's frames are masked, which some of these are not. */
function frame(first: number, payload: Buffer, random: Random): Buffer {
  const masked = random(10) > 0;
  const head = Buffer.alloc(masked ? 8 : 4);
  head[0] = first;
  head[1] = (masked ? 0x80 : 0) | 126;
  head.writeUInt16BE(payload.length, 2);
  if (!masked) return Buffer.concat([head, payload]);
  head.writeUInt32BE(random(0x1_0000_0000), 4);
  return Buffer.concat([head, payload.map((byte, at) => byte ^ (head[4 + (at % 4)] ?? 0))]);
}

function noise(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

/** One to twenty frames: whole and broken messages, fragments without end, control frames, lengths that are lies. */
function garbageFrames(random: Random): Buffer {
  const frames = Array.from({ length: 1 + random(20) }, () => {
    const text = Buffer.concat([Buffer.from(MESSAGES[random(MESSAGES.length)] ?? ''), noise(random(200), random)]);
    switch (random(6)) {
      case 0:
        return noise(random(400), random);
      case 1:
        // More bytes than there are: 2^62 and so on.
        return Buffer.concat([Buffer.from([0x81, 0xff]), noise(12, random)]);
      case 2:
        return frame(random(256), text, random);
      case 3:
        return frame(random(2), text, random);
      default:
        return frame(
          0x81,
          random(2) === 0 ? Buffer.from(text.toString('latin1').replace(/[^ -~]/g, '"')) : text,
          random,
        );
    }
  });
  return Buffer.concat(frames);
}

/** One connection with a proper handshake and garbage behind it, over after 200 ms. @returns whether it was upgraded */
export function throwFrames(source: string, { port, path }: WebSocketTarget, random: Random): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: source });
    const timer = setTimeout(() => socket.destroy(), 200);
    let upgraded = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(upgraded);
    });
    socket.once('data', (answer: Buffer) => {
      upgraded = answer.includes(' 101 ');
      if (upgraded) socket.write(garbageFrames(random));
      if (random(2) === 0) socket.end();
    });
    socket.on('data', () => {});
    const key = noise(16, random).toString('base64');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
  });
}
