import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PoliciesInForce, PolicyDraft } from '../../src/model/insight/policies.ts';
import { CONSOLE_ROLES, type ConsoleRole } from '../../src/model/insight/roles.ts';
import { type Answer, type ConsolePerson, type ConsoleWorld, openConsoleWorld } from '../console/world.ts';

const OPEN = 'permit(principal, action, resource);';
const FILES = [{ path: 'a.cedar', text: `${OPEN}\n// again\n` }];
const AUTHORS: readonly string[] = ['policy-author', 'policy-publisher', 'security-admin'];
const PUBLISHERS: readonly string[] = ['policy-publisher', 'security-admin'];

let world: ConsoleWorld;
const people = new Map<string, ConsolePerson>();
beforeAll(async () => {
  world = await openConsoleWorld({ console: '  separatePolicyDuties: true\n' });
  for (const id of [...CONSOLE_ROLES, 'nobody']) people.set(id, await world.person(id));
}, 60_000);
afterAll(() => world?.close());

const as = (id: string): ConsolePerson => people.get(id)!;
const inForce = async (): Promise<PoliciesInForce> => (await as('viewer').api('GET', '/v1/policies')).json;

async function drafted(by: ConsoleRole, files: readonly object[] = FILES): Promise<PolicyDraft> {
  const made = await as(by).api<PolicyDraft>('POST', '/v1/policies/drafts', { title: 't', files });
  expect([made.status, made.text]).toEqual([201, expect.any(String)]);
  return made.json;
}

/** With a fresh assertion over exactly this request. */
async function confirmed(id: string, path: string, order: object): Promise<Answer> {
  const body = JSON.stringify(order);
  const bodyDigest = createHash('sha256').update(body).digest('base64url');
  const act = { method: 'POST', path: `/console/api${path}`, bodyDigest };
  const options = await as(id).api('POST', '/v1/step-up/options', { act });
  const proof = Buffer.from(JSON.stringify(as(id).key.sign(options.json))).toString('base64url');
  return as(id).api('POST', path, body, { 'x-step-up': proof });
}

describe('who may do what with policies in a browser', () => {
  const request = { agent: 'buyer', server: 'none', tool: 'x', args: {} };
  const READING = [
    ['GET', '/v1/policies', undefined],
    ['GET', '/v1/policies/schema', undefined],
    ['GET', '/v1/policies/drafts', undefined],
    ['GET', '/v1/policies/versions', undefined],
  ] as const;
  const DRAFTING = [
    ['POST', '/v1/policies/check', { files: FILES }],
    ['POST', '/v1/policies/try', { request }],
    ['POST', '/v1/policies/drafts', { title: 't' }],
    ['PUT', '/v1/policies/drafts/d-0', { revision: 1, title: 't' }],
    ['POST', '/v1/policies/drafts/d-0/discard', { revision: 1, reason: 'r' }],
    ['POST', '/v1/policies/replays', { files: FILES, days: 1 }],
    ['GET', '/v1/policies/replays/r-0', undefined],
    ['DELETE', '/v1/policies/replays/r-0', undefined],
    ['POST', '/v1/policies/shadow', { draft: 'd-0', reason: 'r' }],
    ['DELETE', '/v1/policies/shadow?reason=r', undefined],
  ] as const;
  const PUBLISHING = [
    ['POST', '/v1/policies/publish', { draft: 'd-0', revision: 1, base: 'x', reason: 'r' }],
    ['POST', '/v1/policies/rollback', { version: 'x', reason: 'r' }],
  ] as const;
  const cells = [...CONSOLE_ROLES, 'nobody'].flatMap((id) => [
    ...READING.map((route) => [id, ...route, id === 'nobody' ? 'forbidden' : 'open'] as const),
    ...DRAFTING.map((route) => [id, ...route, AUTHORS.includes(id) ? 'open' : 'forbidden'] as const),
    ...PUBLISHING.map((route) => [id, ...route, PUBLISHERS.includes(id) ? 'step-up-required' : 'forbidden'] as const),
  ]);
  it.each(cells)('%s: %s %s', async (id, method, path, body, expected) => {
    const answer = await as(id).api(method, path, body);
    const code = (answer.json as { code?: string } | null)?.code;
    if (expected === 'open') expect([403, 401]).not.toContain(answer.status);
    else expect([answer.status, code]).toEqual([expected === 'forbidden' ? 403 : 401, expected]);
  });
});

describe('publishing in a browser', () => {
  it('needs a passkey over exactly that draft, and is recorded in the name of who signed', async () => {
    const draft = await drafted('policy-author');
    const order = { draft: draft.id, revision: 1, base: draft.base, reason: 'agreed' };
    const done = await confirmed('policy-publisher', '/v1/policies/publish', order);
    expect([done.status, done.json]).toMatchObject([200, { by: 'policy-publisher', author: 'policy-author' }]);
    expect(await inForce()).toMatchObject({ by: 'policy-publisher', files: FILES });
    const acts = (await world.records()).flatMap((r) =>
      r.type === 'admin' && r.act === 'policy.publish' ? [r.by] : [],
    );
    expect(acts).toEqual(['start', 'policy-publisher']);
  });

  it('nobody publishes what they saved, by whatever name they go', async () => {
    const text = `${OPEN}\n// mine\n`;
    const draft = await drafted('policy-publisher', [{ path: 'a.cedar', text }]);
    const order = { draft: draft.id, revision: 1, base: draft.base, reason: 'agreed' };
    const own = await confirmed('policy-publisher', '/v1/policies/publish', order);
    expect([own.status, own.json.code]).toEqual([403, 'same-person']);
    const forged = await confirmed('policy-publisher', '/v1/policies/publish', { ...order, by: 'security-admin' });
    expect([forged.status, forged.json.code]).toEqual([400, 'by-forged']);
    const other = await as('policy-author').api('POST', '/v1/policies/drafts', { title: 't', by: 'security-admin' });
    expect([other.status, other.json.code]).toEqual([400, 'by-forged']);
    // Whoever touched it last has had a hand in it, too.
    const path = `/v1/policies/drafts/${draft.id}`;
    await as('security-admin').api('PUT', path, { revision: 1, title: 'mine now' });
    const touched = await confirmed('security-admin', '/v1/policies/publish', { ...order, revision: 2 });
    expect([touched.status, touched.json.code]).toEqual([403, 'same-person']);
    expect((await inForce()).files).toEqual(FILES);
  });

  it('takes the largest draft there may be, and nothing larger', async () => {
    const file = (i: number, chars: number) => ({ path: `f${i}.cedar`, text: `//${'\n'.repeat(chars - 2)}` });
    const large = Array.from({ length: 4 }, (_, i) => file(i, 1_000_000));
    await drafted('policy-author', large);
    const larger = { title: 't', files: [...large, file(9, 200_000)] };
    const refused = await as('policy-author').api('POST', '/v1/policies/drafts', larger);
    expect([refused.status, refused.json.code]).toEqual([422, 'invalid-files']);
    const many = { title: 't', files: Array.from({ length: 201 }, (_, i) => file(i, 2)) };
    expect((await as('policy-author').api('POST', '/v1/policies/drafts', many)).status).toBe(400);
  });
});
