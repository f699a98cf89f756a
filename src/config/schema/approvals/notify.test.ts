import { describe, expect, it } from 'vitest';
import type { Finding } from '../../source/problem.ts';
import { type RawNotify, resolveNotify } from './notify.ts';

function resolve(raw: RawNotify, env: Record<string, string> = {}) {
  const findings: Finding[] = [];
  const secret = (text: string): string => text.replace(/\$\{(\w+)\}/g, (_all, name: string) => env[name] ?? '');
  return { config: resolveNotify(raw, { secret, findings }), messages: findings.map(({ message }) => message) };
}

const FROM = 'Interlock <interlock@example.com>';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

describe('the mail server', () => {
  it('is one address, or parts', () => {
    const one = resolve(
      { email: { smtp: 'smtps://us%40er@mail.example.com', password: '${PW}', from: FROM } },
      { PW: 'secret' },
    );
    expect(one).toEqual({
      messages: [],
      config: expect.objectContaining({
        email: {
          ...{ host: 'mail.example.com', port: 465, tls: 'implicit', ca: null },
          auth: { user: 'us@er', password: 'secret' },
          from: { name: 'Interlock', address: 'interlock@example.com' },
        },
      }),
    });
    const parts = resolve({ email: { host: 'mail.example.com', tls: 'none', from: 'a@b.example' } });
    expect(parts.config.email).toEqual({
      ...{ host: 'mail.example.com', port: 25, tls: 'none', ca: null, auth: null },
      from: { name: 'Interlock', address: 'a@b.example' },
    });
    expect(resolve({ email: { smtp: 'smtp://[::1]:2525', from: FROM } }).config.email).toMatchObject({
      ...{ host: '::1', port: 2525, tls: 'starttls' },
    });
  });

  it('is not given a password in the clear, except on this machine', () => {
    const email = { tls: 'none', user: 'u', password: 'p', from: FROM } as const;
    expect(resolve({ email: { ...email, host: 'mail.example.com' } }).messages).toEqual([
      'approvals.notify.email.password would go over the network in the clear',
    ]);
    expect(resolve({ email: { ...email, host: '127.0.0.1' } }).messages).toEqual([]);
  });

  it.each([
    [{ smtp: 'https://mail.example.com', from: FROM }, /smtp is no address of a mail server/],
    [{ host: 'm', from: 'nobody' }, /from is no sender/],
    [{ host: 'm', from: 'a <a@b.example' }, /from is no sender/],
    [{ host: 'm', from: 'a <a@b.example>, c@d.example' }, /from is no sender/],
    [{ host: 'm', user: 'u', from: FROM }, /user is given without a password/],
    [{ host: 'm', password: 'p', from: FROM }, /password is given without a user/],
  ])('%j is refused', (email, message) => {
    expect(resolve({ email }).messages).toEqual([expect.stringMatching(message)]);
  });
});

describe('the others', () => {
  it('have tokens and keys of their kind', () => {
    const raw: RawNotify = {
      slack: { botToken: '${TOKEN}', signingSecret: 's' },
      webhook: { url: 'https://hooks.example/in', secret: SECRET },
      webPush: { contact: 'mailto:ops@example.com' },
    };
    expect(resolve(raw, { TOKEN: 'xoxb-1-2-abc' })).toEqual({
      messages: [],
      config: {
        email: null,
        slack: { botToken: 'xoxb-1-2-abc', signingSecret: 's', channel: null, apiUrl: 'https://slack.com/api' },
        webhook: { url: 'https://hooks.example/in', key: Buffer.alloc(32, 7).toString('base64') },
        webPush: { contact: 'mailto:ops@example.com', trustedOrigins: [] },
      },
    });
    expect(resolve(raw, { TOKEN: 'hello' }).messages).toEqual([expect.stringMatching(/botToken is no token of Slack/)]);
  });

  it.each(['whsec_short', 'plain-text-secret-of-some-length', `whsec_${'A'.repeat(100)}`])('no key: %s', (secret) => {
    expect(resolve({ webhook: { url: 'https://h.example', secret } }).messages).toEqual([
      expect.stringMatching(/webhook.secret is not whsec_/),
    ]);
  });

  it('are off when nothing is said, and web push when it says so', () => {
    const off = { email: null, slack: null, webhook: null, webPush: null };
    expect(resolve({}).config).toEqual(off);
    expect(resolve({ webPush: { enabled: false, contact: 'mailto:a@b.c' } }).config).toEqual(off);
  });
});
