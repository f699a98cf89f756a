import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePerson, type ConsoleWorld, openConsoleWorld } from '../console/world.ts';

let world: ConsoleWorld;
let operator: ConsolePerson;
let admin: ConsolePerson;
beforeAll(async () => {
  world = await openConsoleWorld();
  operator = await world.person('operator');
  admin = await world.person('security-admin');
});
afterAll(() => world?.close());

const LOCK = { target: 'agent:buyer', tier: 'watch', reason: 'looks odd' };
const lock = (who: ConsolePerson, key: string, body: object = LOCK) =>
  who.api('POST', '/v1/locks', body, { 'idempotency-key': key });
const locked = async (reason: string) =>
  (await world.records()).filter((each) => each.type === 'admin' && each.act === 'lock.put' && each.reason === reason)
    .length;

describe('a request under an Idempotency-Key', () => {
  it('is done once, and answered the same again', async () => {
    const first = await lock(operator, '"a-1"', { ...LOCK, reason: 'once' });
    const again = await lock(operator, 'a-1', { ...LOCK, reason: 'once' });
    expect(first.status, first.text).toBe(200);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.headers['cache-control']).toBe('no-store');
    expect(await locked('once')).toBe(1);
  });

  it('ten at once are done once', async () => {
    const reason = 'ten at once';
    const all = await Promise.all(Array.from({ length: 10 }, () => lock(operator, 'a-10', { ...LOCK, reason })));
    expect(await locked(reason)).toBe(1);
    for (const { status, json } of all) expect(status === 200 || json.code === 'idempotency-running').toBe(true);
  });

  it.each([
    ['body', { ...LOCK, reason: 'another' }, '/v1/locks'],
    ['query', LOCK, '/v1/locks?x=1'],
    ['path', LOCK, '/v1/reload'],
  ])('with another %s is refused', async (what, body, path) => {
    const key = `other-${what}`;
    expect((await lock(admin, key)).status).toBe(200);
    const other = await admin.api('POST', path, body, { 'idempotency-key': key });
    expect([400, 422]).toContain(other.status);
    if (other.status === 422) expect(other.json.code).toBe('idempotency-key-reused');
  });

  it('of one person says nothing to another, and stops nobody', async () => {
    expect((await lock(operator, 'shared', { ...LOCK, reason: 'mine' })).status).toBe(200);
    const other = await lock(admin, 'shared', { ...LOCK, reason: 'mine' });
    expect(other.headers['idempotency-replayed']).toBeUndefined();
    expect(await locked('mine')).toBe(2);
    const body = JSON.stringify({ ...LOCK, reason: 'mine', by: 'admin' });
    const overSocket = await socket('POST', '/v1/locks', { body, key: 'shared' });
    expect(overSocket.status).toBe(200);
    expect(overSocket.replayed).toBe(false);
  });

  it('leaves nothing behind where nothing was done: it may be sent again', async () => {
    const release = (who: ConsolePerson) =>
      who.api('DELETE', '/v1/locks/agent:ghost?reason=x', undefined, { 'idempotency-key': 'ghost' });
    expect((await release(operator)).status).toBe(404);
    const again = await release(operator);
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([404, undefined]);
    const invalid = await lock(operator, 'bad', { target: 'agent:buyer' });
    expect(invalid.status).toBe(400);
    expect((await lock(operator, 'bad')).status).toBe(200);
    const viewer = await world.person('viewer');
    expect((await lock(viewer, 'seen')).status).toBe(403);
    await world.configure((yaml) => yaml.replace('"person:operator"', '"person:operator", "person:viewer"'));
    expect((await lock(viewer, 'seen')).status).toBe(200);
  });

  it('does not outlive the role it was done with', async () => {
    await world.configure((yaml) => yaml.replace('"person:operator", "person:viewer"', '"person:operator"'));
    const viewer = await world.person('viewer');
    expect((await lock(viewer, 'seen')).status).toBe(403);
  });

  it.each(['', ' ', 'a b', 'ä', 'x'.repeat(129), '"unclosed'])('%j is no key', async (key) => {
    const refused = await lock(operator, key);
    expect([refused.status, refused.json.code]).toEqual([400, 'invalid-idempotency-key']);
  });

  it('keeps no secret: the link of an invitation is shown once', async () => {
    const key = 'invite-1';
    const body = JSON.stringify({ by: 'admin', reason: 'first day' });
    const made = await socket('POST', '/v1/people/nobody/invitations', { body, key });
    expect(made.status).toBe(200);
    const again = await socket('POST', '/v1/people/nobody/invitations', { body, key });
    expect(again.status).toBe(409);
    expect(again.text).toContain('idempotency-done');
    expect(again.text).not.toContain('/sign-in/invitation/');
  });

  it('works over the socket too', async () => {
    const body = JSON.stringify({ ...LOCK, reason: 'by socket', by: 'admin' });
    const first = await socket('POST', '/v1/locks', { body, key: 's-1' });
    const again = await socket('POST', '/v1/locks', { body, key: 's-1' });
    expect([first.replayed, again.replayed]).toEqual([false, true]);
    expect(again.text).toBe(first.text);
    expect(await locked('by socket')).toBe(1);
  });
});

function socket(
  method: string,
  path: string,
  { body, key }: { body: string; key: string },
): Promise<{ status: number; text: string; replayed: boolean }> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'idempotency-key': key,
  };
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ socketPath: world.gateway.adminSocket, method, path, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk));
      const replayed = answer.headers['idempotency-replayed'] === 'true';
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, replayed }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
