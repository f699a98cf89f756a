import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../../../test/contract/upstream/self-signed.ts';
import { type MailServer, mailServer, message } from '../../../test/notify/fixtures.ts';
import { NotDelivered } from '../../ports/notify.ts';
import { type EmailOptions, emailChannel } from './email.ts';

const ALICE = { person: 'alice', name: 'Alice', email: 'alice@example.com' };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function server(...options: Parameters<typeof mailServer>): Promise<MailServer> {
  const made = await mailServer(...options);
  closing.unshift(() => made.stop());
  return made;
}

function channel(port: number, over: Partial<EmailOptions> = {}) {
  const made = emailChannel({
    ...{ host: '127.0.0.1', port, tls: 'none', ca: null, auth: null, timeoutMs: 2_000 },
    from: { name: 'Interlock', address: 'interlock@gw.example' },
    ...over,
  });
  closing.unshift(() => made.close());
  return made;
}

/** How it failed. */
const failure = (sending: Promise<unknown>): Promise<NotDelivered> =>
  sending.then(
    () => expect.unreachable('it was delivered'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(NotDelivered);
      return error as NotDelivered;
    },
  );

describe('a mail', () => {
  it('says the same in text and HTML, to one recipient, and is nobody’s to answer', async () => {
    const mail = await server();
    await channel(mail.port).send(message({ subject: 'Bestätigen: 900 €', urgent: true }), ALICE);
    const [got] = mail.mails;
    expect(mail.mails).toHaveLength(1);
    expect(got).toMatchObject({
      ...{ subject: 'Bestätigen: 900 €', messageId: '<notice-1@gw.example>', to_: ['alice@example.com'] },
      from: { name: 'Interlock', address: 'interlock@gw.example' },
      to: [{ name: 'Alice', address: 'alice@example.com' }],
    });
    expect(got?.text?.trim()).toBe('plain words');
    expect(got?.html?.trim()).toBe('<p>words</p>');
    const headers = Object.fromEntries((got?.headers ?? []).map(({ key, value }) => [key, value]));
    expect(headers).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      references: '<approval-1@gw.example>',
      'x-priority': expect.stringContaining('1'),
    });
  });

  it('carries no header and no recipient that its words ask for', async () => {
    const mail = await server();
    const evil = 'Hello\r\nBcc: mallory@evil.example\r\nX-Evil: 1\r\n\r\nbody';
    await channel(mail.port).send(message({ subject: evil }), { ...ALICE, name: 'Alice\r\nBcc: mallory@evil.example' });
    const [got] = mail.mails;
    expect(got?.to_).toEqual(['alice@example.com']);
    expect(got?.bcc ?? []).toEqual([]);
    expect(got?.headers.map(({ key }) => key)).not.toContain('x-evil');
    expect(got?.subject).toBe('Hello Bcc: mallory@evil.example X-Evil: 1 body');
  });

  it.each([
    'alice@example.com, mallory@evil.example',
    'alice@example.com\r\nRCPT TO:<mallory@evil.example>',
    'Alice <alice@example.com>',
    'alice',
    '@example.com',
    `${'a'.repeat(300)}@example.com`,
  ])('is not sent to what is more, or less, than one address: %j', async (email) => {
    const mail = await server();
    const why = await failure(channel(mail.port).send(message(), { ...ALICE, email }));
    expect(why).toMatchObject({ permanent: true, message: 'the e-mail address of alice is unusable' });
    expect(mail.mails).toEqual([]);
  });

  it('is not sent to somebody without an address', async () => {
    const why = await failure(channel(1).send(message(), { ...ALICE, email: null }));
    expect(why).toMatchObject({ permanent: true, message: 'no e-mail address of alice is known' });
  });
});

describe('the way there', () => {
  it('is encrypted, and its end is who it should be', async () => {
    const { cert, key } = selfSigned('127.0.0.1');
    for (const tls of ['implicit', 'starttls'] as const) {
      const mail = await server({ key, cert, secure: tls === 'implicit' });
      await channel(mail.port, { tls, ca: cert }).send(message(), ALICE);
      expect(mail.mails, tls).toHaveLength(1);
      const why = await failure(channel(mail.port, { tls }).send(message(), ALICE));
      expect(why.permanent).toBe(false);
      expect(why.message).toMatch(/certificate/i);
      expect(mail.mails, tls).toHaveLength(1);
    }
  });

  it('is not taken in the clear where STARTTLS was asked for', async () => {
    const mail = await server();
    const why = await failure(channel(mail.port, { tls: 'starttls' }).send(message(), ALICE));
    expect(why.permanent).toBe(false);
    expect(mail.mails).toEqual([]);
  });

  it('asks who comes, and says no secret when it refuses them', async () => {
    const mail = await server({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        if (username === 'me' && password === 'right') return done(null, { user: username });
        return done(new Error('Invalid username or password'));
      },
    });
    await channel(mail.port, { auth: { user: 'me', password: 'right' } }).send(message(), ALICE);
    expect(mail.mails).toHaveLength(1);
    const wrong = channel(mail.port, { auth: { user: 'me', password: 'hunter2-wrong' } });
    const why = await failure(wrong.send(message(), ALICE));
    // An operator can mend it: it is tried again.
    expect(why.permanent).toBe(false);
    expect(why.message).toMatch(/EAUTH/);
    expect(why.message).not.toContain('hunter2');
    expect(mail.mails).toHaveLength(1);
  });
});

describe('a mail server that does not take it', () => {
  it.each([
    [550, true],
    [451, false],
  ])('refuses a recipient with %i: permanent %s', async (responseCode, permanent) => {
    const mail = await server({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no such mailbox'), { responseCode })),
    });
    const why = await failure(channel(mail.port).send(message(), ALICE));
    expect(why.permanent).toBe(permanent);
    expect(why.message).toContain('no such mailbox');
  });

  it('refuses its sender: an operator can mend that', async () => {
    const mail = await server({
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error('who are you'), { responseCode: 550 })),
    });
    expect((await failure(channel(mail.port).send(message(), ALICE))).permanent).toBe(false);
  });

  it('says nothing, and is not waited for', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    closing.unshift(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const why = await failure(channel(port, { timeoutMs: 200 }).send(message(), ALICE));
    expect(why).toMatchObject({ permanent: false });
  });

  it('is not there', async () => {
    const gone = await mailServer();
    await gone.stop();
    expect((await failure(channel(gone.port).send(message(), ALICE))).permanent).toBe(false);
  });
});
