import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePerson, type ConsoleWorld, openConsoleWorld } from '../console/world.ts';
import type { Forging } from '../people/authenticator.ts';

let world: ConsoleWorld;
let admin: ConsolePerson;
beforeAll(async () => {
  world = await openConsoleWorld();
  admin = await world.person('security-admin');
});
afterAll(() => world?.close());

const ROTATE = { method: 'POST', path: '/v1/keys/rotate', body: JSON.stringify({ reason: 'quarterly' }) };
const KILL = {
  method: 'POST',
  path: '/v1/locks',
  body: JSON.stringify({ target: 'all', tier: 'watch', reason: 'drill' }),
};
type Request = typeof ROTATE;

async function options(who: ConsolePerson, { method, path, body }: Request): Promise<Record<string, unknown>> {
  const bodyDigest = createHash('sha256').update(body).digest('base64url');
  const act = { method, path: `/console/api${path}`, bodyDigest };
  const answer = await who.api('POST', '/v1/step-up/options', { act });
  expect(answer.status, answer.text).toBe(200);
  return answer.json;
}

async function proof(who: ConsolePerson, request: Request, forging: Forging = {}): Promise<string> {
  const answer = who.key.sign(await options(who, request), forging);
  return Buffer.from(JSON.stringify(answer)).toString('base64url');
}

const send = (who: ConsolePerson, { method, path, body }: Request, stepUp?: string) =>
  who.api(method, path, body, { 'x-step-up': stepUp });

async function keys(): Promise<number> {
  return (await world.admin('GET', '/v1/keys')).body.items.length;
}

describe('what must be confirmed with a passkey', () => {
  it('is not done without, and says what to confirm', async () => {
    const before = await keys();
    const refused = await send(admin, ROTATE);
    expect(refused.status).toBe(401);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    const bodyDigest = createHash('sha256').update(ROTATE.body).digest('base64url');
    const act = { method: 'POST', path: '/console/api/v1/keys/rotate', bodyDigest };
    expect(refused.json).toMatchObject({ code: 'step-up-required', act });
    expect(await keys()).toBe(before);
  });

  it('is done once it is confirmed, on record with what was signed, and not a second time', async () => {
    const stepUp = await proof(admin, ROTATE);
    const done = await send(admin, ROTATE, stepUp);
    expect(done.status, done.text).toBe(200);
    expect(await world.records()).toContainEqual(
      expect.objectContaining({
        act: 'console.step-up',
        by: 'security-admin',
        reason: 'quarterly',
        detail: expect.objectContaining({
          path: '/console/api/v1/keys/rotate',
          proof: expect.objectContaining({ credentialId: admin.key.id, signature: expect.any(String) }),
        }),
      }),
    );
    const again = await send(admin, ROTATE, stepUp);
    expect([again.status, again.json.code]).toEqual([403, 'step-up-refused']);
  });

  it('two at once with one confirmation: one is done', async () => {
    const stepUp = await proof(admin, KILL);
    const both = await Promise.all([send(admin, KILL, stepUp), send(admin, KILL, stepUp)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 403]);
  });

  it.each<[string, (request: Request) => Request]>([
    ['another body', (request) => ({ ...request, body: JSON.stringify({ reason: 'quarterly', immediately: true }) })],
    ['the same body written otherwise', (request) => ({ ...request, body: `${request.body} ` })],
    ['another path', (request) => ({ ...request, path: '/v1/vault/rotate' })],
    ['another query', (request) => ({ ...request, path: `${request.path}?x=1` })],
  ])('a confirmation is not good for %s', async (_what, other) => {
    const stepUp = await proof(admin, ROTATE);
    const refused = await send(admin, other(ROTATE), stepUp);
    expect([refused.status, refused.json.code]).toEqual([403, 'step-up-refused']);
    // Used up all the same.
    expect((await send(admin, ROTATE, stepUp)).status).toBe(403);
  });

  it('nor in another session of the same person', async () => {
    const elsewhere = await world.person('security-admin');
    const stepUp = await proof(admin, ROTATE);
    expect((await send(elsewhere, ROTATE, stepUp)).json.code).toBe('step-up-refused');
    expect((await send(admin, ROTATE, stepUp)).status).toBe(200);
  });

  it('nor by another person, however it is mixed', async () => {
    await world.configure((yaml) =>
      yaml.replace('"person:security-admin"', '"person:security-admin", "person:operator"'),
    );
    const other = await world.person('operator');
    const stepUp = await proof(admin, ROTATE);
    expect((await send(other, ROTATE, stepUp)).json.code).toBe('step-up-refused');
    // Their own challenge, signed with somebody else's key.
    const signed = admin.key.sign(await options(other, ROTATE));
    const mixed = Buffer.from(JSON.stringify(signed)).toString('base64url');
    expect((await send(other, ROTATE, mixed)).json.code).toBe('step-up-refused');
    await world.configure((yaml) => yaml.replace(', "person:operator"', ''));
  });

  it.each<[string, Forging]>([
    ['nobody was verified', { userVerified: false }],
    ['another site asked', { origin: 'https://evil.example' }],
    ['it lay in the page of another site', { crossOrigin: true }],
    ['another challenge was signed', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['a passkey was made, not used', { type: 'webauthn.create' }],
    ['a copy of the authenticator counted less', { counter: 1 }],
  ])('not when %s', async (_what, forging) => {
    expect((await send(admin, ROTATE, await proof(admin, ROTATE, forging))).json.code).toBe('step-up-refused');
  });

  it('not with what signs somebody in', async () => {
    const page = await admin.browser.get('/account');
    const asked = await admin.browser.json('/sign-in/passkey/options', {}, { 'x-csrf-token': page.csrf });
    const signed = admin.key.sign(JSON.parse(asked.text));
    const stepUp = Buffer.from(JSON.stringify(signed)).toString('base64url');
    expect((await send(admin, ROTATE, stepUp)).json.code).toBe('step-up-refused');
  });

  it.each([
    ['nothing', ''],
    ['an empty object', 'e30'],
    ['no base64', '!!!'],
    ['a list', Buffer.from('[]').toString('base64url')],
    ['too much', 'A'.repeat(9_000)],
  ])('not with %s in its place', async (_what, text) => {
    expect((await send(admin, ROTATE, text)).json.code).toBe('step-up-refused');
  });

  it('stopping everything needs it and its permission; stopping one agent does not', async () => {
    const operator = await world.person('operator');
    expect((await send(operator, KILL)).json.code).toBe('forbidden');
    expect((await send(admin, KILL)).json.code).toBe('step-up-required');
    const one = { ...KILL, body: JSON.stringify({ target: 'agent:buyer', tier: 'watch', reason: 'drill' }) };
    expect((await send(operator, one)).status).toBe(200);
    const release = { method: 'DELETE', path: '/v1/locks/all?reason=over', body: '' };
    const let_go = (who: ConsolePerson, stepUp?: string) =>
      who.api(release.method, release.path, undefined, { 'x-step-up': stepUp });
    expect((await let_go(operator)).json.code).toBe('forbidden');
    expect((await let_go(admin)).json.code).toBe('step-up-required');
    expect((await let_go(admin, await proof(admin, release))).status).toBe(200);
  });

  it('whoever has no passkey is told where to add one', async () => {
    const nobody = await world.withPassword('nobody');
    const bodyDigest = createHash('sha256').digest('base64url');
    const act = { method: 'POST', path: '/console/api/v1/keys/rotate', bodyDigest };
    const asked = await nobody.api('POST', '/v1/step-up/options', { act });
    expect([asked.status, asked.json.code]).toEqual([409, 'no-passkey']);
    expect(asked.json.detail).toContain('/account');
    expect((await nobody.api('GET', '/v1/me')).json.canStepUp).toBe(false);
  });
});
