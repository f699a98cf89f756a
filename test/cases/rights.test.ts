import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, EVERYTHING, type House, openHouse, ROOT } from './house.ts';

/** What people may do by themselves, through the surfaces an operator touches: configuration, command line, admin socket (AZ2). */
const MODEL = `model
  schema 1.1

type user
type group
  relations
    define member: [user, group#member]
type team
  relations
    define lead: [user]
type customer
  relations
    define team: [team]
    define blocked: [user]
    define viewer: [user, group#member] or lead from team
    define can_read: viewer but not blocked
`;
const TUPLES = '- { user: "group:sales#member", relation: viewer, object: "customer:7" }\n';

const PERMISSIONS = `permissions:
  model: MODEL
  tuples: TUPLES
  membership: group#member
  rules:
    - id: own-customers
      match: { tools: [everything/echo] }
      grant: { relation: { relation: can_read, object: "customer:{args.message}" } }
    - id: adders
      match: { tools: [everything/get-sum] }
      grant: { groups: [sales], attributes: { department: Sales } }
`;

let dir = '';
let house: House;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'interlock-rights-'));
  await writeFile(join(dir, 'model.fga'), MODEL);
  await writeFile(join(dir, 'tuples.yaml'), TUPLES);
  house = await openHouse({
    servers: `  everything: { command: node, args: ["${EVERYTHING}"] }`,
    policies: { 'base.cedar': CONNECT },
    extra: PERMISSIONS.replace('MODEL', join(dir, 'model.fga')).replace('TUPLES', join(dir, 'tuples.yaml')),
  });
  const config = join(house.dir, 'interlock.yaml');
  const text = await readFile(config, 'utf8');
  await house.writeConfig(
    text
      .replace('alice: { name: Alice }', 'alice: { name: Alice, groups: [sales], department: Sales }')
      .replace('bob: { name: Bob }', 'bob: { name: Bob, groups: [sales], department: Support }'),
  );
  expect(await house.gateway.reload('test')).toMatchObject({ ok: true });
  await house.admin('POST', '/v1/servers/everything/scan');
  await house.acceptAll('everything');
}, 60_000);

afterAll(async () => {
  await house.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function interlock(...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    const all = [join(ROOT, 'src/cli/main.ts'), ...args, '--config', join(house.dir, 'interlock.yaml')];
    const child = spawn(process.execPath, all, { env: { ...process.env, NO_COLOR: '1' } });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk));
    child.on('close', (code) => done({ code, out, err }));
  });
}

async function mayRead(user: string, customer: string): Promise<boolean> {
  const question = { user, tool: 'everything/echo', args: { message: customer } };
  const { body } = await house.admin<{ permit: boolean }>('POST', '/v1/rights/check', question);
  return body.permit;
}

describe('what people may do by themselves (AZ2)', { timeout: 120_000 }, () => {
  it('follows from relations, direct and through groups of the identity provider, and from groups and attributes', async () => {
    expect(await mayRead('alice', '7')).toBe(true);
    expect(await mayRead('alice', '8')).toBe(false);
    const sum = (user: string) =>
      house.admin('POST', '/v1/rights/check', { user, tool: 'everything/get-sum', args: {} });
    expect((await sum('alice')).body).toMatchObject({ permit: true, rule: 'adders', listed: true });
    expect((await sum('bob')).body).toMatchObject({
      permit: false,
      rule: null,
      listed: false,
      why: 'no rule grants: adders: department is not Sales',
    });
    const other = await house.admin('POST', '/v1/rights/check', { user: 'alice', tool: 'everything/get-env' });
    expect(other.body).toMatchObject({ permit: false, listed: false, why: expect.stringMatching(/default is deny/) });
  });

  it('changes with a relation written on the command line, from the next question on, with a record of who and why', async () => {
    expect(await mayRead('bob', '9')).toBe(false);
    const written = await interlock(
      'relations',
      'write',
      'user:bob',
      'viewer',
      'customer:9',
      '--reason',
      'new',
      '--by',
      'carol',
    );
    expect(written).toMatchObject({ code: 0, out: 'written: user:bob viewer customer:9\n' });
    expect(await mayRead('bob', '9')).toBe(true);
    expect((await interlock('relations', 'check', 'user:bob', 'can_read', 'customer:9')).code).toBe(0);
    await interlock('relations', 'write', 'user:bob', 'blocked', 'customer:9', '--reason', 'conflict of interest');
    expect(await mayRead('bob', '9')).toBe(false);
    expect(await interlock('relations', 'check', 'user:bob', 'can_read', 'customer:9')).toMatchObject({
      code: 1,
      out: 'no\n',
    });
    await interlock('relations', 'delete', 'user:bob', 'blocked', 'customer:9', '--reason', 'resolved');
    expect(await mayRead('bob', '9')).toBe(true);
    const acts = (await house.records()).filter(
      (record) => record.type === 'admin' && record.act === 'relations.write',
    );
    expect(acts[0]).toMatchObject({
      by: 'carol',
      reason: 'new',
      detail: { writes: ['user:bob viewer customer:9'], deletes: [] },
    });
    expect(acts.length).toBe(3);
  });

  it('survives a restart, and what the file says cannot be deleted away', async () => {
    await house.admin('POST', '/v1/relations', {
      writes: [{ user: 'user:bob', relation: 'lead', object: 'team:west' }],
      by: 'carol',
      reason: 'x',
    });
    await house.admin('POST', '/v1/relations', {
      writes: [{ user: 'team:west', relation: 'team', object: 'customer:20' }],
      deletes: [{ user: 'group:sales#member', relation: 'viewer', object: 'customer:7' }],
      by: 'carol',
      reason: 'x',
    });
    await house.restart();
    expect(await mayRead('bob', '20')).toBe(true);
    expect(await mayRead('alice', '7')).toBe(true);
    const { body } = await house.admin('GET', '/v1/relations?object=customer:7');
    expect(body).toMatchObject({
      items: [{ user: 'group:sales#member', relation: 'viewer', object: 'customer:7', origin: 'file' }],
    });
  });

  it('is explained on the command line, rule by rule', async () => {
    const answer = await interlock('rights', 'check', '--user', 'bob', '--tool', 'everything/get-sum', '--json');
    expect(answer.code).toBe(1);
    expect(JSON.parse(answer.out)).toMatchObject({
      permit: false,
      rules: [{ rule: 'adders', grants: false, why: 'department is not Sales' }],
    });
    const args = JSON.stringify({ message: '7' });
    const yes = await interlock('rights', 'check', '--user', 'ALICE', '--tool', 'everything/echo', '--args', args);
    expect(yes).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^permitted: own-customers: can_read of customer/),
    });
    const nobody = await interlock('rights', 'check', '--user', 'zoe', '--tool', 'everything/echo');
    expect(nobody).toMatchObject({ code: 1, err: expect.stringMatching(/no person "zoe"/) });
  });

  it('imports a file whole, again without harm, and nothing of a wrong one', async () => {
    const file = join(dir, 'more.jsonl');
    const line = (n: number) => JSON.stringify({ user: `user:u${n}`, relation: 'viewer', object: `customer:${n}` });
    await writeFile(file, Array.from({ length: 2_500 }, (_, n) => line(n)).join('\n'));
    for (let run = 0; run < 2; run++) {
      const done = await interlock('relations', 'import', file, '--reason', 'migration', '--json');
      expect([done.code, JSON.parse(done.out)]).toEqual([0, { file, tuples: 2_500, written: true }]);
    }
    const { body } = await house.admin<{ items: unknown[] }>('GET', '/v1/relations?user=user:u2499');
    expect(body.items).toEqual([{ user: 'user:u2499', relation: 'viewer', object: 'customer:2499', origin: 'store' }]);
    await writeFile(file, `${line(1)}\n{"user":"user:x","relation":"viewer"}\n`);
    expect(await interlock('relations', 'import', file, '--reason', 'x')).toMatchObject({
      code: 3,
      err: expect.stringMatching(/more\.jsonl:2:1: one JSON object/),
    });
    await writeFile(file, line(1).replace('viewer', 'can_read'));
    expect(await interlock('relations', 'import', file, '--reason', 'x')).toMatchObject({
      code: 5,
      err: expect.stringMatching(/can_read follows from other relations/),
    });
  });

  it('needs a reason, and knows its words', async () => {
    const [reasonless, unknown] = await Promise.all([
      interlock('relations', 'write', 'user:bob', 'viewer', 'customer:1'),
      interlock('relations', 'write', 'user:bob', 'viewr', 'customer:1', '--reason', 'x'),
    ]);
    expect(reasonless).toMatchObject({ code: 2, err: expect.stringMatching(/a reason is needed/) });
    expect(unknown).toMatchObject({ code: 5, err: expect.stringMatching(/no relation "viewr"/) });
  });

  it('stays as it was when a reload finds the rules, the model or the tuples wrong, with file and line', async () => {
    const config = join(house.dir, 'interlock.yaml');
    const good = await readFile(config, 'utf8');
    const cells: readonly (readonly [from: string, to: string, where: RegExp, message: RegExp])[] = [
      ['relation: can_read', 'relation: can_raed', /interlock\.yaml$/, /no relation "can_raed"/],
      ['customer:{args', 'custmer:{args', /interlock\.yaml$/, /no type "custmer"/],
      ['everything/echo', 'everything/ecko', /interlock\.yaml$/, /no tool "ecko"/],
      ['{args.message}', '{message}', /interlock\.yaml$/, /is no argument/],
      ['membership: group#member', 'membership: group#members', /interlock\.yaml$/, /no "group#members"/],
    ];
    for (const [from, to, where, message] of cells) {
      expect(good).toContain(from);
      await house.writeConfig(good.replace(from, to));
      const { ok, problems } = await house.gateway.reload('test');
      expect([to, ok]).toEqual([to, false]);
      expect(problems[0]).toMatchObject({
        file: expect.stringMatching(where),
        message: expect.stringMatching(message),
      });
      expect(problems[0]!.line).toBeGreaterThan(10);
    }
    await house.writeConfig(good);
    await writeFile(join(dir, 'model.fga'), MODEL.replace('lead from team', 'leed from team'));
    expect((await house.gateway.reload('test')).problems[0]).toMatchObject({ file: join(dir, 'model.fga'), line: 15 });
    await writeFile(join(dir, 'model.fga'), MODEL);
    await writeFile(
      join(dir, 'tuples.yaml'),
      `${TUPLES}- { user: "user:x", relation: can_read, object: "customer:1" }\n`,
    );
    expect((await house.gateway.reload('test')).problems[0]).toMatchObject({ file: join(dir, 'tuples.yaml'), line: 2 });
    expect(await mayRead('alice', '7')).toBe(true);
    await writeFile(join(dir, 'tuples.yaml'), '[]\n');
    expect(await house.gateway.reload('test')).toMatchObject({ ok: true });
    expect(await mayRead('alice', '7')).toBe(false);
  });
});
