import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  answerUntilData,
  answerUntilEnd,
  openRawServer,
  openSmtpSink,
  partOf,
  type SmtpSink,
} from '../../test/support/smtp-sink.ts';
import { createMailer, type Mailer, type MailMessage } from './index.ts';
import type { MailOptions } from './types.ts';

const open: Array<{ close(): Promise<void> }> = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});
const keep = <T extends { close(): Promise<void> }>(part: T): T => {
  open.push(part);
  return part;
};

const sink = async (options: Parameters<typeof openSmtpSink>[0] = {}): Promise<SmtpSink> =>
  keep(await openSmtpSink(options));

function mailerFor(port: number, options: Partial<MailOptions> = {}): Mailer {
  return keep(
    createMailer({
      host: '127.0.0.1',
      port,
      secure: false,
      username: '',
      password: '',
      from: 'gbrtc <gbrtc@example.org>',
      ...options,
    }),
  );
}

const MESSAGE: MailMessage = { to: ['ops@example.org'], subject: 'Report', text: 'Hello' };

test('a message with text, HTML and a file arrives as it was given', async () => {
  const server = await sink();
  const result = await mailerFor(server.port).send({
    to: ['ops@example.org', 'boss@example.org'],
    subject: 'Bericht über 门',
    text: 'Zeile eins\n.\n..zwei\n',
    html: '<p>für 门</p>',
    attachments: [{ fileName: 'a.csv', contentType: 'text/csv; charset=utf-8', content: 'x,y\r\n1,ü\r\n' }],
    messageId: '<day-1@gbrtc>',
  });
  expect(result).toEqual({ accepted: ['ops@example.org', 'boss@example.org'], refused: [] });
  expect(server.mails).toHaveLength(1);
  const [mail] = server.mails;
  expect(mail).toMatchObject({ from: 'gbrtc@example.org', to: ['ops@example.org', 'boss@example.org'] });
  const raw = mail?.raw ?? '';
  expect(raw).toMatch(/^From: gbrtc <gbrtc@example.org>\r$/m);
  expect(raw).toMatch(/^To: ops@example.org, boss@example.org\r$/m);
  expect(raw).toMatch(/^Message-ID: <day-1@gbrtc>\r$/m);
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(partOf(raw, 'text/plain').trimEnd()).toBe('Zeile eins\r\n.\r\n..zwei');
  expect(partOf(raw, 'text/html')).toContain('<p>für 门</p>');
  expect(partOf(raw, 'text/csv')).toBe('x,y\r\n1,ü\r\n');
});

test('an account is used, and without it nothing is sent', async () => {
  const server = await sink({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      if (username === 'user' && password === 'right') callback(null, { user: 'user' });
      else callback(Object.assign(new Error('wrong'), { responseCode: 535 }));
    },
  });
  await mailerFor(server.port, { username: 'user', password: 'right' }).send(MESSAGE);
  await expect(mailerFor(server.port, { username: 'user', password: 'wrong' }).send(MESSAGE)).rejects.toMatchObject({
    code: 'mail_unauthorized',
  });
  await expect(mailerFor(server.port).send(MESSAGE)).rejects.toMatchObject({ code: 'mail_refused' });
  expect(server.mails).toHaveLength(1);
});

test('an account is never left out because the server offers no login', async () => {
  const server = await sink({ disabledCommands: ['STARTTLS', 'AUTH'] });
  await expect(mailerFor(server.port, { username: 'u', password: 'p' }).send(MESSAGE)).rejects.toMatchObject({
    code: 'mail_unauthorized',
  });
  expect(server.mails).toEqual([]);
});

test('an account does not go out in clear, but on this machine', async () => {
  const server = await sink({ disabledCommands: ['STARTTLS'] });
  // Another way to write 127.0.0.1 that looks like a host elsewhere.
  const elsewhere = mailerFor(server.port, { host: '127.1', username: 'u', password: 'p' });
  await expect(elsewhere.send(MESSAGE)).rejects.toThrow(/STARTTLS|TLS/);
  expect(server.mails).toEqual([]);
});

describe('headers cannot be injected', () => {
  test.each([
    'Report\r\nBcc: victim@example.org',
    'Report\nBcc: victim@example.org\n\nbody',
    'Report\rX: y',
    'Report\u2028Bcc: x\0',
  ])('by the subject %j', async (subject) => {
    const server = await sink();
    await mailerFor(server.port).send({ ...MESSAGE, subject });
    const [mail] = server.mails;
    expect(mail?.to).toEqual(['ops@example.org']);
    expect(mail?.raw.split('\r\n\r\n')[0]).not.toMatch(/^(Bcc|X):/im);
  });

  test.each([
    { to: ['a@example.org\r\nBcc: b@example.org'] },
    { to: ['a@example.org, b@example.org'] },
    { to: ['a@example.org> SIZE=1\r\nRCPT TO:<b@example.org'] },
    { to: ['nobody'] },
    { to: [] },
    { to: Array.from({ length: 201 }, (_, i) => `u${i}@example.org`) },
    { messageId: '<a@b>\r\nBcc: c@d' },
    { messageId: 'a@b' },
  ])('%j is refused before anything is sent', async (wrong) => {
    const server = await sink();
    await expect(mailerFor(server.port).send({ ...MESSAGE, ...wrong })).rejects.toMatchObject({ code: 'mail_invalid' });
    expect(server.attempts).toBe(0);
  });

  test('by a file name', async () => {
    const server = await sink();
    const attachments = [{ fileName: 'a"\r\nBcc: b@c.csv', contentType: 'text/csv\r\nX: y', content: '' }];
    await mailerFor(server.port).send({ ...MESSAGE, attachments });
    expect(server.mails[0]?.raw).not.toMatch(/^(Bcc|X):/im);
  });
});

describe('who is not there, not willing or not answering', () => {
  test('nobody listens', async () => {
    const server = await openSmtpSink();
    await server.close();
    await expect(mailerFor(server.port).send(MESSAGE)).rejects.toMatchObject({ code: 'mail_unreachable' });
  });

  test('the message is refused, for good or for now', async () => {
    const server = await sink();
    const mailer = mailerFor(server.port);
    for (const verdict of ['refuse', 'defer'] as const) {
      server.verdict = verdict;
      await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_refused' });
    }
    expect(server.attempts).toBe(2);
  });

  test('some recipients are refused: the others get it; all are: nobody does', async () => {
    const server = await sink();
    server.unknown.add('gone@example.org');
    const mailer = mailerFor(server.port);
    const to = ['ops@example.org', 'gone@example.org'];
    expect(await mailer.send({ ...MESSAGE, to })).toEqual({
      accepted: ['ops@example.org'],
      refused: ['gone@example.org'],
    });
    await expect(mailer.send({ ...MESSAGE, to: ['gone@example.org'] })).rejects.toMatchObject({ code: 'mail_refused' });
    expect(server.mails).toHaveLength(1);
  });

  test('no greeting', async () => {
    const server = keep(await openRawServer(() => {}));
    const mailer = mailerFor(server.port, { connectTimeoutMs: 100 });
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_timeout' });
  });

  test('a byte now and then does not hold it up for ever', async () => {
    const timers: NodeJS.Timeout[] = [];
    const server = keep(
      await openRawServer((socket) => {
        socket.write('220-');
        timers.push(setInterval(() => socket.write('.'), 20));
      }),
    );
    const mailer = mailerFor(server.port, { connectTimeoutMs: 60_000, transferTimeoutMs: 200 });
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_timeout' });
    for (const timer of timers) clearInterval(timer);
  });

  test.each(['MAIL', 'RCPT', 'DATA'])('the connection ends at %s: it was not taken', async (command) => {
    const cut = (socket: Socket): void => {
      socket.write('220 sink ESMTP\r\n');
      socket.on('data', (line) => {
        if (!line.toString().startsWith(command)) return socket.write('250 OK\r\n');
        void turns(20).then(() => socket.destroy());
      });
    };
    /** In which the message could be read ahead. */
    const turns = async (left: number): Promise<void> => {
      for (; left > 0; left -= 1) await nextTurn();
    };
    const server = keep(await openRawServer(cut));
    const ends = vi.fn(() => Promise.resolve());
    await expect(mailerFor(server.port).send(MESSAGE, { beforeEnd: ends })).rejects.toMatchObject({
      code: 'mail_unreachable',
    });
    expect(ends).not.toHaveBeenCalled();
  });

  test('the connection ends in the message: it was not taken', async () => {
    const server = keep(await openRawServer((socket) => answerUntilData(socket, () => socket.destroy())));
    const ends = vi.fn(() => Promise.resolve());
    const long = { ...MESSAGE, text: 'a line of a long report\n'.repeat(400_000) };
    await expect(mailerFor(server.port).send(long, { beforeEnd: ends })).rejects.toMatchObject({
      code: 'mail_unreachable',
    });
    expect(ends).not.toHaveBeenCalled();
  });

  test.each(['', '250', '354 go on\r\n', '4'])('the connection ends behind it, with %j: nobody knows', async (rest) => {
    const server = keep(await openRawServer((socket) => answerUntilEnd(socket, () => socket.end(rest))));
    await expect(mailerFor(server.port).send(MESSAGE)).rejects.toMatchObject({ code: 'mail_unanswered' });
  });

  test('the connection is cut behind it: nobody knows', async () => {
    const server = await sink();
    server.verdict = 'drop';
    await expect(mailerFor(server.port).send(MESSAGE)).rejects.toMatchObject({ code: 'mail_unanswered' });
    expect(server.attempts).toBe(1);
  });

  test('the connection ends behind it with a refusal: it was not taken', async () => {
    const server = keep(
      await openRawServer((socket) => answerUntilEnd(socket, () => socket.end('421 shutting down\r\n'))),
    );
    await expect(mailerFor(server.port).send(MESSAGE)).rejects.toMatchObject({ code: 'mail_refused' });
  });

  test('silence behind the whole message: nobody knows', async () => {
    const server = await sink();
    server.verdict = 'silent';
    const mailer = mailerFor(server.port, { answerTimeoutMs: 100 });
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_unanswered' });
    expect(server.attempts).toBe(1);
  });
});

describe('beforeEnd', () => {
  test('runs before the server can have the message; what it throws cancels it', async () => {
    const server = await sink();
    const mailer = mailerFor(server.port);
    const seen: number[] = [];
    await mailer.send(MESSAGE, { beforeEnd: async () => void seen.push(server.attempts) });
    expect([seen, server.attempts]).toEqual([[0], 1]);
    const full = new Error('disk is full');
    await expect(mailer.send(MESSAGE, { beforeEnd: () => Promise.reject(full) })).rejects.toBe(full);
    await expect(mailer.send({ ...MESSAGE, to: ['x@y'] }, {})).resolves.toMatchObject({ accepted: ['x@y'] });
    expect(server.mails.map(({ to }) => to[0])).toEqual(['ops@example.org', 'x@y']);
  });
});

describe('close', () => {
  test('breaks off what is under way, and nothing is sent any more', async () => {
    const server = keep(await openRawServer(() => {}));
    const mailer = mailerFor(server.port);
    const sending = expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_aborted' });
    await mailer.close();
    await sending;
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_aborted' });
    await mailer.close();
  });

  test('waits a moment for an answer, then nobody knows', async () => {
    const server = await sink();
    server.verdict = 'silent';
    const mailer = mailerFor(server.port);
    const sending = expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'mail_unanswered' });
    await expect.poll(() => server.attempts, { timeout: 10_000 }).toBe(1);
    await mailer.close();
    await sending;
  });
});

test.each(['nobody', 'a@b, c@d', 'x\r\nBcc: y <a@b>'])('sender %j is refused', (from) => {
  expect(() => mailerFor(1, { from })).toThrow(expect.objectContaining({ code: 'mail_invalid' }));
});
