import { describe, expect, test } from 'vitest';
import { MAX_STREAM_BODY_BYTES, StreamFramer } from './stream-framer.ts';

interface Seen {
  readonly messages: string[];
  readonly skipped: string[];
  pings: number;
}

function framer(): { push: (text: string | Buffer) => void; seen: Seen; buffered: () => number } {
  const seen: Seen = { messages: [], skipped: [], pings: 0 };
  const own = new StreamFramer({
    message: (message) => {
      const line = message.kind === 'request' ? message.method : String(message.status);
      seen.messages.push(`${line} ${message.body.toString()}`.trim());
    },
    ping: () => {
      seen.pings += 1;
    },
    skipped: (reason, bytes) => seen.skipped.push(`${reason} ${bytes.length}`),
  });
  return {
    push: (text) => own.push(Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1')),
    seen,
    buffered: () => own.buffered,
  };
}

function message(length: string, body: string, method = 'MESSAGE'): string {
  return `${method} sip:a@3402000000 SIP/2.0\r\nCSeq: 1 ${method}\r\nContent-Type: Application/MANSCDP+xml\r\n${length}\r\n${body}`;
}

const XML = '<a>\r\n<b/></a>';
const EXACT = `Content-Length: ${XML.length}\r\n`;
const NEXT = message('Content-Length: 0\r\n', '', 'OPTIONS');

describe('StreamFramer', () => {
  const streams = [
    { name: 'one message', stream: message(EXACT, XML), messages: [`MESSAGE ${XML}`] },
    { name: 'two messages in one chunk', stream: message(EXACT, XML) + NEXT, messages: [`MESSAGE ${XML}`, 'OPTIONS'] },
    {
      name: 'quirk: Content-Length 0 on TCP, the body goes up to the next start line',
      stream: message('Content-Length: 0\r\n', XML) + NEXT,
      messages: [`MESSAGE ${XML}`, 'OPTIONS'],
    },
    {
      name: 'quirk: Content-Length too small on TCP',
      stream: message('Content-Length: 4\r\n', XML) + NEXT,
      messages: [`MESSAGE ${XML}`, 'OPTIONS'],
    },
    {
      name: 'quirk: Content-Length too large on TCP, cut at the next start line',
      stream: `${message('Content-Length: 900\r\n', XML)}\r\n${NEXT}`,
      messages: [`MESSAGE ${XML}`, 'OPTIONS'],
    },
    {
      name: 'quirk: Content-Length missing on TCP',
      stream: message('', XML) + NEXT,
      messages: [`MESSAGE ${XML}`, 'OPTIONS'],
    },
    {
      name: 'quirk: bare LF on TCP',
      stream: message(EXACT, XML).replaceAll('\r\n', '\n').replace('<a>\n', '<a>\r\n') + NEXT,
      messages: [`MESSAGE ${XML}`, 'OPTIONS'],
    },
    {
      name: 'a start line inside of a message/sip body is content',
      stream: message('Content-Length: 36\r\n', 'OPTIONS sip:a@b SIP/2.0\r\nTo: <a>\r\n\r\n').replace(
        'Application/MANSCDP+xml',
        'message/sip',
      ),
      messages: ['MESSAGE OPTIONS sip:a@b SIP/2.0\r\nTo: <a>'],
    },
  ];
  test.each(streams)('$name', ({ stream, messages }) => {
    const { push, seen } = framer();
    push(stream);
    expect(seen.messages).toEqual(messages);
    expect(seen.skipped).toEqual([]);
  });

  test('exact lengths hold however the stream is cut', () => {
    const stream = `\r\n\r\n${message(EXACT, XML)}${NEXT}${message(EXACT, XML)}`;
    for (let size = 1; size < stream.length; size += 1) {
      const { push, seen, buffered } = framer();
      for (let at = 0; at < stream.length; at += size) push(stream.slice(at, at + size));
      expect(seen.messages).toEqual([`MESSAGE ${XML}`, 'OPTIONS', `MESSAGE ${XML}`]);
      expect([buffered(), seen.pings, seen.skipped]).toEqual([0, 1, []]);
    }
  });

  test('a double CRLF is a ping, a single one is nothing', () => {
    const { push, seen } = framer();
    push('\r\n\r\n');
    expect(seen.pings).toBe(1);
    push('\r\n');
    push('\r\n');
    expect(seen.pings).toBe(2);
    push(`\r\n${NEXT}`);
    expect([seen.pings, seen.messages]).toEqual([2, ['OPTIONS']]);
  });

  test('quirk: takes up again at the next start line after garbage', () => {
    const { push, seen } = framer();
    push(`garbage <xml/>\r\nmore garbage\r\n${NEXT}`);
    expect(seen.messages).toEqual(['OPTIONS']);
    expect(seen.skipped).toEqual(['lost_sync 30']);
  });

  test('garbage does not pile up', () => {
    const { push, seen, buffered } = framer();
    for (let round = 0; round < 200; round += 1) {
      push(Buffer.alloc(1_000, 0x41 + (round % 26)));
      expect(buffered()).toBeLessThanOrEqual(3_048);
    }
    push(`\r\n${NEXT}`);
    expect(seen.messages).toEqual(['OPTIONS']);
  });

  test('a body over the limit is refused with its reason', () => {
    const { push, seen, buffered } = framer();
    push(message(`Content-Length: ${MAX_STREAM_BODY_BYTES + 1}\r\n`, ''));
    expect(seen.skipped[0]).toMatch(/^body_too_long /);
    expect(buffered()).toBe(0);
  });

  test('fuzz: 200,000 chunks of mutated streams leave a bounded buffer', () => {
    let seed = 0x7c9;
    const random = (limit: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 0x1_0000_0000) * limit);
    };
    const source = Buffer.from(message('Content-Length: 9\r\n', XML) + NEXT);
    let { push, buffered } = framer();
    for (let round = 0; round < 200_000; round += 1) {
      if (round % 64 === 0) ({ push, buffered } = framer());
      const start = random(source.length);
      const bytes = Buffer.from(source.subarray(start, start + 1 + random(120)));
      if (random(2) === 0) bytes[random(bytes.length)] = random(256);
      push(bytes);
      if (buffered() > 64 * 121) throw new RangeError(`buffered ${buffered()}`);
    }
  });
});
