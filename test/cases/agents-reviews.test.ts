import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse } from './house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse({ servers: '  tools: { command: "true" }', policies: { 'all.cedar': CONNECT } });
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const fields = {
      owner: 'alice',
      purpose: 'x',
      archetype: 'saas',
      riskTier: 'high',
      scopes: ['tools:all'],
      clients: [`c-${id}`],
    };
    await house.admin('POST', '/v1/agents', { id: `rev-${id}`, fields, by: 'bob', reason: 'test' });
  }
});
afterAll(() => house.stop());

const create = (more: object = {}) =>
  house.admin<{ id: string; detail: string }>('POST', '/v1/reviews', {
    ...{
      name: 'quarter',
      dueAtMs: 4_000_000_000_000,
      filter: { riskTier: 'high', search: 'rev-' },
      overdue: 'suspend',
    },
    ...{ by: 'bob', reason: 'quarterly' },
    ...more,
  });
const decide = (review: string, agent: string, body: object) =>
  house.admin<{ code?: string; detail?: string; decision?: { outcome: string } }>(
    'POST',
    `/v1/reviews/${review}/items/${agent}`,
    { by: 'alice', reason: 'looked', ...body },
  );
const show = async (id: string) =>
  (await house.admin<{ agent: Record<string, unknown> }>('GET', `/v1/agents/${id}`)).body.agent;

describe('access reviews (ID5)', () => {
  it('each agent is certified, reduced, revoked or handed on by its owner, and the rest is suspended at the end', async () => {
    const { body: review } = await create();
    const { id } = review;
    expect((await decide(id, 'rev-a', { by: 'bob', outcome: 'certify' })).status).toBe(403);
    expect((await decide(id, 'rev-a', { outcome: 'certify' })).body.decision?.outcome).toBe('certify');
    expect((await decide(id, 'rev-a', { outcome: 'revoke' })).status).toBe(409);
    expect((await decide(id, 'rev-b', { outcome: 'reduce', scopes: ['other:read'] })).status).toBe(400);
    expect((await decide(id, 'rev-b', { outcome: 'reduce', scopes: ['tools:read'] })).status).toBe(200);
    expect((await show('rev-b')).scopes).toEqual(['tools:read']);
    expect((await decide(id, 'rev-c', { outcome: 'revoke' })).status).toBe(200);
    expect((await show('rev-c')).state).toBe('suspended');
    expect((await decide(id, 'rev-d', { outcome: 'reassign', to: 'bob' })).status).toBe(200);
    expect((await show('rev-d')).owner).toBe('bob');
    const answers = await Promise.all(Array.from({ length: 50 }, () => decide(id, 'rev-e', { outcome: 'certify' })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const closed = await house.admin<{ summary: object }>('POST', `/v1/reviews/${id}/close`, {
      by: 'bob',
      reason: 'over',
    });
    expect(closed.body.summary).toEqual({ certify: 2, reduce: 1, revoke: 1, reassign: 1, 'overdue-suspended': 1 });
    expect((await show('rev-f')).state).toBe('suspended');
    const evidence = await house.admin<{ items: { decision: { by: string; seen: object } }[] }>(
      'GET',
      `/v1/reviews/${id}/items`,
    );
    expect(evidence.body.items.map(({ decision }) => decision.by)).toEqual([...Array<string>(5).fill('alice'), 'bob']);
    const acts = (await house.records()).flatMap((record) => (record.type === 'admin' ? [record.act] : []));
    expect(acts).toEqual(
      expect.arrayContaining(['review.create', 'review.open', 'review.decide', 'review.overdue', 'review.close']),
    );
  });

  it('nobody reviews what they requested themselves where that is asked for', async () => {
    const { body: review } = await create({ reviewers: ['alice', 'bob'], excludeRequester: true });
    expect((await decide(review.id, 'rev-a', { by: 'bob', outcome: 'certify' })).status).toBe(403);
    expect((await decide(review.id, 'rev-a', { by: 'alice', outcome: 'certify' })).status).toBe(200);
    expect((await create({ filter: { search: 'no such agent' } })).body.detail).toContain('nothing to review');
  });
});
