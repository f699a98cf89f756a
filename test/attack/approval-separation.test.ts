import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from '../cases/house.ts';

/**
 * Getting past the people who should be asked (HU4): amounts that look small, one person who counts as two, whoever started it answering
 * through somebody else. alice owns the agent and is away, bob is her deputy and carol's.
 */
const ALWAYS = 'from: 2020-01-01, until: 2199-01-01';

let house: House;
beforeAll(async () => {
  house = await openHouse({
    servers: `  toys:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    tools: { get-sum: { effect: write, dataClass: public, reversible: true, facts: { amount: /a } } }
`,
    policies: {
      'all.cedar': `${CONNECT}\n@ask("route:numbers") permit(principal, action == Action::"tools/call", resource);`,
    },
    people: '  carol: { name: Carol }\n  dora: { name: Dora }\n',
    extra: `approvals:
  assurance: operator
  waitMs: 8000
  roles: { finance: { people: [alice, carol, dora] } }
  away: [ { person: alice, deputy: bob, ${ALWAYS} }, { person: carol, deputy: bob, ${ALWAYS} } ]
  routes: { numbers: { tiers: [ { below: 10, automatic: true }, { ask: 2 role:finance } ] } }
`,
  });
}, 120_000);
afterAll(() => house.stop());

const pending = async (): Promise<readonly { id: string }[]> =>
  (await house.admin<{ items: { id: string }[] }>('GET', '/v1/approvals?state=pending')).body.items;
const answer = (id: string, by: string, state = 'approved') =>
  house.admin<{ code?: string; complete?: boolean }>('POST', `/v1/approvals/${id}`, { state, by, reason: 'looked' });

async function asked(args: Record<string, unknown>): Promise<{ id: string; call: Promise<string> }> {
  const client = await house.client('buyer', '/mcp/toys');
  const call = client.callTool({ name: 'get-sum', arguments: args }).then(textOf);
  await until(async () => (await pending()).length === 1);
  return { id: (await pending())[0]?.id ?? '', call };
}

describe('an amount that only looks small', () => {
  it.each([
    [{ a: -900, b: 1 }],
    [{ a: 9.00001, b: 1 }],
    [{ a: '1e1', b: 1 }],
    [{ b: 1 }],
    [{ a: null, b: 1 }],
    [{ a: ['9'], b: 1 }],
  ])('%j is asked about, and a refusal ends it', async (args) => {
    const { id, call } = await asked(args);
    expect((await answer(id, 'dora', 'denied')).body).toMatchObject({ complete: true });
    expect(await call).toMatch(/denied/);
    const records = (await house.records()).filter((record) => JSON.stringify(record).includes(id));
    expect(JSON.stringify(records)).toMatch(/denied/);
    expect(JSON.stringify(records.filter((record) => record.type === 'intent'))).toBe('[]');
  });
});

describe('who started it, or one person for two', () => {
  it('the deputy of who started it does not answer in their place, nor twice, nor with whom they stand in for', async () => {
    const { id, call } = await asked({ a: 900, b: 1 });
    expect((await answer(id, 'alice')).body).toMatchObject({ code: 'separation' });
    // For carol, not for alice.
    expect((await answer(id, 'bob')).body).toMatchObject({ complete: false });
    expect((await answer(id, 'bob')).body).toMatchObject({ code: 'answered' });
    expect((await answer(id, 'carol')).body).toMatchObject({ code: 'not-asked' });
    for (const nobody of ['mallory', '', 'Dora', 'role:finance'])
      expect((await answer(id, nobody)).status).toBeGreaterThan(399);
    expect(await pending()).toHaveLength(1);
    expect((await answer(id, 'dora')).body).toMatchObject({ complete: true });
    expect(await call).toContain('901');
    const intent = JSON.stringify((await house.records()).findLast((record) => record.type === 'intent'));
    for (const name of [id, 'bob', 'dora']) expect(intent).toContain(name);
  });
});
