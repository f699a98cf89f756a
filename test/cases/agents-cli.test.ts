import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONNECT, type House, openHouse, ROOT } from './house.ts';

let house: House;

beforeAll(async () => {
  house = await openHouse({ servers: '  tools: { command: "true" }', policies: { 'all.cedar': CONNECT } });
});
afterAll(() => house.stop());

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function interlock(...args: string[]): Promise<Ran> {
  const main = join(ROOT, 'src/cli/main.ts');
  const config = join(house.dir, 'interlock.yaml');
  const argv = ['--disable-warning=ExperimentalWarning', main, '--config', config, ...args];
  return new Promise((done) => {
    execFile(process.execPath, argv, { cwd: house.dir, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

const because = ['--reason', 'test'];

describe('the registry on the command line (ID1, ID5)', () => {
  it('an agent is requested, approved by somebody else, works with its key, and ends with a proof', async () => {
    const made = await interlock('agents', 'add', 'keyed', '--in', 'registry', '--owner', 'alice', '--purpose', 'x');
    expect([made.code, made.err]).toEqual([0, '']);
    const token = await interlock('agents', 'token', 'keyed', '--server', 'tools', '--gateway', house.url);
    expect([token.code, token.out.split('.').length]).toEqual([0, 3]);
    const proof = await interlock('agents', 'token', 'keyed', '--assertion', '--gateway', house.url);
    expect(decodeJwt(proof.out.trim())).toMatchObject({ iss: 'keyed', aud: `${house.url}/oauth/token` });
    const fields = [
      '--owner',
      'alice',
      '--purpose',
      'sorts',
      '--archetype',
      'saas',
      '--risk',
      'low',
      '--client',
      'c-1',
    ];
    expect((await interlock('agents', 'request', 'asked', ...fields, '--by', 'alice')).code).toBe(0);
    const self = await interlock('agents', 'approve', 'asked', '--by', 'alice', ...because);
    expect([self.code, self.err]).toEqual([5, expect.stringContaining('somebody else')]);
    expect((await interlock('agents', 'approve', 'asked', '--by', 'bob', ...because, '--activate')).code).toBe(0);
    expect((await interlock('agents', 'update', 'asked', '--scope', 'tools:read', ...because)).code).toBe(0);
    const backchannel = (how: string) => interlock('agents', 'update', 'asked', '--backchannel', how, ...because);
    expect((await backchannel('http://intranet.example/told')).code).not.toBe(0);
    expect((await backchannel('https://desk.example/told')).code).toBe(0);
    expect((await interlock('agents', 'expire', 'asked', '30d', ...because)).code).toBe(0);
    const shown = JSON.parse((await interlock('agents', 'show', 'asked', '--json')).out);
    expect(shown.agent).toMatchObject({ state: 'active', scopes: ['tools:read'], creator: 'alice' });
    expect(shown.agent.backchannel).toEqual({ mode: 'ping', notificationEndpoint: 'https://desk.example/told' });
    expect((await backchannel('none')).code).toBe(0);
    expect((await interlock('agents')).out).toMatch(/asked\tactive/);
    const dry = await interlock('agents', 'decommission', 'keyed', '--dry-run');
    expect(dry.out).toMatch(/keys\t/);
    expect((await interlock('agents', 'decommission', 'keyed')).code).toBe(2);
    const ended = await interlock('agents', 'decommission', 'keyed', ...because);
    expect([ended.code, ended.out]).toEqual([0, expect.stringMatching(/record \d+ of the journal/)]);
    const refused = await interlock('agents', 'token', 'keyed', '--server', 'tools', '--gateway', house.url);
    expect(refused.code).toBe(5);
    expect((await interlock('agents', 'history', 'asked')).out).toMatch(/agent\.approve\tbob\ttest/);
  }, 240_000);

  it('a file is tried, taken over, and written out again', async () => {
    const file = join(house.dir, 'agents.csv');
    await writeFile(file, 'id,owner,purpose,archetype,riskTier\nfile-a,alice,x,saas,low\nfile-b,nobody,x,saas,low\n');
    const dry = await interlock('agents', 'import', file, '--dry-run');
    expect([dry.code, dry.out]).toEqual([5, expect.stringContaining('nobody knows a person "nobody"')]);
    expect((await interlock('agents', 'import', file, '--partial', ...because)).out).toContain('1 new');
    const all = await interlock('agents', 'export');
    expect(all.out).toContain('file-a,');
    const copy = join(house.dir, 'copy.csv');
    await writeFile(copy, all.out);
    expect((await interlock('agents', 'import', copy, ...because)).out).toMatch(
      /0 new, 0 changed, \d+ as they were, 0/,
    );
    const moved = await interlock('agents', 'reassign', '--owner-from', 'alice', '--to', 'bob', ...because);
    expect([moved.code, moved.err]).toEqual([0, '']);
  }, 240_000);

  it('templates and reviews', async () => {
    const file = join(house.dir, 'clerk.yaml');
    await writeFile(file, 'archetype: saas\nriskTier: low\nscopes: ["tools:read", "tools:write"]\n');
    expect((await interlock('templates', 'put', 'clerk', file, ...because)).code).toBe(0);
    const own = ['--owner', 'bob', '--purpose', 'x', '--template', 'clerk', '--by', 'alice', '--client', 'c-9'];
    expect((await interlock('agents', 'request', 'clerk-1', ...own)).code).toBe(0);
    await interlock('agents', 'approve', 'clerk-1', '--by', 'bob', '--activate', ...because);
    await writeFile(file, 'archetype: saas\nriskTier: low\nscopes: ["tools:read"]\n');
    const narrowed = await interlock('templates', 'put', 'clerk', file, ...because);
    expect(narrowed.out).toContain('clerk-1 exceeds it: scopes tools:write');
    expect((await interlock('templates')).out).toMatch(/clerk\tregistry.*clerk-1/);
    const made = await interlock('reviews', 'create', 'Q4', '--owner', 'bob', '--due', '14d', ...because, '--json');
    const { id } = JSON.parse(made.out);
    expect((await interlock('reviews', 'show', id, '--mine', '--by', 'bob')).out).toContain('clerk-1\twaits');
    const reduced = await interlock(
      'reviews',
      'reduce',
      id,
      'clerk-1',
      '--scope',
      'tools:read',
      '--by',
      'bob',
      ...because,
    );
    expect([reduced.code, reduced.err]).toEqual([0, '']);
    expect((await interlock('templates')).out).not.toMatch(/clerk-1/);
    expect((await interlock('reviews', 'close', id, ...because)).out).toContain('reduce 1');
    expect((await interlock('reviews')).out).toMatch(/Q4\tclosed/);
    expect((await interlock('templates', 'remove', 'clerk', ...because)).code).toBe(5);
  }, 240_000);
});
