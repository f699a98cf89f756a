import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { CONNECT, EVERYTHING, type House, openHouse, textOf, until } from './house.ts';

/** Who is asked, from the policy to the person (HU4): through a running gateway, with its record. */
const APPROVALS = (routes: string): string => `approvals:
  assurance: operator
  waitMs: 10000
  roles: { finance: { groups: [finance], people: [alice] } }
${routes}`;
const ROUTES = `  routes:
    numbers:
      tiers:
        - { below: 10, automatic: true }
        - { below: 100, ask: owner }
        - { ask: 2 role:finance }
`;

let house: House;
beforeAll(async () => {
  house = await openHouse({
    servers: `  toys:
    command: ${process.execPath}
    args: [${EVERYTHING}, stdio]
    tools:
      "*": { effect: write, dataClass: public, reversible: true }
      get-sum: { effect: write, facts: { amount: /a } }
`,
    policies: {
      'all.cedar': `${CONNECT}\n@id("sum") @ask("route:numbers") permit(principal, action == Action::"tools/call", resource);`,
    },
    people: '  carol: { name: Carol, groups: [finance] }\n  dora: { name: Dora, groups: [finance] }\n',
    extra: APPROVALS(ROUTES),
  });
}, 120_000);
afterAll(() => house.stop());

interface Row {
  readonly id: string;
  readonly askWhom: readonly string[];
}
const pending = async (): Promise<readonly Row[]> =>
  (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items;
const answer = (id: string, by: string, state = 'approved') =>
  house.admin<{ code?: string; complete?: boolean }>('POST', `/v1/approvals/${id}`, { state, by, reason: 'looked' });
const sum = async (a: number): Promise<unknown> => {
  const client = await house.client('buyer', '/mcp/toys');
  return client.callTool({ name: 'get-sum', arguments: { a, b: 1 } });
};
const newest = async (type: string): Promise<string> =>
  JSON.stringify((await house.records()).findLast((record) => record.type === type));

async function oneRequest(): Promise<Row> {
  await until(async () => (await pending()).length === 1);
  const [row] = await pending();
  if (row === undefined) throw new Error('nobody was asked');
  return row;
}

/** One command of the real program, in this process. */
async function interlock(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const streams = [process.stdout.write, process.stderr.write] as const;
  process.stdout.write = ((text: string) => ((written.out += text), true)) as typeof process.stdout.write;
  process.stderr.write = ((text: string) => ((written.err += text), true)) as typeof process.stderr.write;
  try {
    return { code: await run([...args, '--config', join(house.dir, 'interlock.yaml')]), ...written };
  } finally {
    [process.stdout.write, process.stderr.write] = streams;
  }
}

describe('a route decides who is asked (HU4)', () => {
  it('small amounts go on by themselves, and the record says by what rule', async () => {
    expect(textOf(await sum(9))).toContain('10');
    expect(await newest('intent')).toContain('route:numbers#1');
    expect(await pending()).toEqual([]);
  });

  it('larger ones ask the owner, and nobody else can answer', async () => {
    const call = sum(50);
    const { id } = await oneRequest();
    expect(await answer(id, 'carol')).toMatchObject({ status: 409, body: { code: 'not-asked' } });
    expect((await answer(id, 'alice')).body).toMatchObject({ complete: true });
    expect(textOf(await call)).toContain('51');
    expect(await newest('intent')).toContain(id);
  });

  it('the largest need two of the role, different people, and neither started it', async () => {
    const call = sum(500);
    const { id } = await oneRequest();
    // alice has the role, and owns the agent.
    expect(await answer(id, 'alice')).toMatchObject({ status: 409, body: { code: 'separation' } });
    expect((await answer(id, 'carol')).body).toMatchObject({ complete: false });
    expect(await answer(id, 'carol')).toMatchObject({ status: 409, body: { code: 'answered' } });
    expect((await answer(id, 'dora')).body).toMatchObject({ complete: true });
    expect(textOf(await call)).toContain('501');
    const intent = await newest('intent');
    for (const name of [id, 'carol', 'dora']) expect(intent).toContain(name);
  });

  it('interlock approvals who says so beforehand, and why nobody else', async () => {
    const who = (...args: string[]) => interlock('approvals', 'who', ...args);
    expect((await who('route:numbers', '--agent', 'buyer', '--amount', '9')).out).toMatch(/by itself: route:numbers#1/);
    expect((await who('route:numbers', '--agent', 'buyer', '--amount', '50')).out).toMatch(/owner of buyer: alice\n/);
    const large = await who('route:numbers', '--agent', 'buyer', '--for', 'carol');
    expect(large.out).toMatch(/2 answers, of different people\n/);
    expect(large.out).toMatch(/role:finance: dora; not alice \(started it\), carol \(started it\)\n/);
    expect(large.out).toMatch(/proof +operator\nexpires +after 1h\ntold now +dora\n/);
    expect(await who('subject', '--agent', 'buyer')).toMatchObject({
      out: expect.stringMatching(/nobody could answer/),
    });
    expect(await who('boss')).toMatchObject({ code: 5, err: expect.stringMatching(/"boss" names nobody/) });
    expect((await who('owner', '--agent', 'nobody')).err).toMatch(/there is no agent "nobody"/);
    expect((await who('owner', '--agent', 'buyer', '--amount', 'much')).err).toMatch(/"much" is no amount/);
    expect((await who('owner')).err).toMatch(/whose owner\? add --agent/);
  });

  it('a configuration without the route is refused, with the policy that needs it; the old one stays in force', async () => {
    const file = join(house.dir, 'interlock.yaml');
    const before = await readFile(file, 'utf8');
    await house.writeConfig(before.replace(ROUTES, ''));
    const refused = await house.admin<{ ok: boolean }>('POST', '/v1/reload', { by: 'alice' });
    expect(JSON.stringify(refused.body)).toMatch(/all\.cedar.*"line":2.*unknown route \\"numbers\\" in @ask/);
    await house.writeConfig(before);
    expect(textOf(await sum(8))).toContain('9');
  });
});
