import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { openScimHouse, operations, type ScimHouse } from './fixtures/scim-house.ts';

/** CN1, ID5: people and groups as the operator sees and changes them. */
let house: ScimHouse;
beforeAll(async () => {
  house = await openScimHouse({ agents: ['one'] });
});
afterAll(() => house?.stop());

/** The command line as it is, in this process: what it prints with --json. */
async function interlock(...args: string[]): Promise<any> {
  const printed: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    await run(['--config', join(house.dir, 'interlock.yaml'), '--json', ...args]);
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
  return JSON.parse(printed.join(''));
}

describe('CN1: people on the command line', () => {
  it('are added, changed, found by any of their names, deactivated, reactivated and removed, each on record', async () => {
    const added = await interlock(
      'people',
      'add',
      'Dana',
      '--name',
      'Dana Diaz',
      '--email',
      'dana@corp.example',
      '--by',
      'bob',
    );
    expect(added).toMatchObject({ id: 'dana', userName: 'Dana', active: true, origin: 'registry' });
    expect(await interlock('people', 'add', 'dana')).toMatchObject({ error: { code: 'unique', exit: 5 } });
    const order = ['--reason', 'moved', '--by', 'bob'];
    const changed = await interlock(
      'people',
      'update',
      'dana',
      '--department',
      'Finance',
      '--attribute',
      'clearance=2',
      ...order,
    );
    expect(changed).toMatchObject({ department: 'Finance', attributes: { clearance: '2' }, name: 'Dana Diaz' });
    expect(await interlock('people', 'show', 'DANA@corp.example')).toMatchObject({ id: 'dana' });
    expect(await interlock('people', 'deactivate', 'dana', ...order)).toMatchObject({ active: false });
    expect(await interlock('people', 'reactivate', 'dana', ...order)).toMatchObject({ active: true });
    expect(await interlock('people', 'remove', 'dana', ...order)).toEqual({ removed: 'dana' });
    const { items: history } = await interlock('people', 'history', 'dana');
    const acts = history.map((row: { act: string }) => row.act);
    expect(acts.filter((act: string) => act !== 'person.settle').reverse()).toEqual([
      'person.create',
      'person.update',
      'person.deactivate',
      'person.reactivate',
      'person.deactivate',
      'person.remove',
    ]);
    const recorded = (await house.records()).flatMap((r) => (r.type === 'admin' && r.by === 'bob' ? [r.act] : []));
    for (const act of ['person.create', 'person.update', 'person.reactivate', 'person.deprovision', 'person.remove']) {
      expect(recorded).toContain(act);
    }
    expect((await interlock('people', 'list')).people.map((one: { id: string }) => one.id).sort()).toEqual([
      'alice',
      'bob',
    ]);
  });

  it('are refused with their agents at once when deactivated, and the orphans are counted', async () => {
    const gone = await interlock('people', 'deactivate', 'alice', '--reason', 'left');
    expect(gone).toMatchObject({ active: false, agentCount: 1, orphanedCount: 1 });
    expect((await interlock('agents', 'orphaned')).items).toMatchObject([{ id: 'one', owner: 'alice' }]);
    const back = await interlock('people', 'reactivate', 'alice', '--reason', 'mistake');
    expect(back).toMatchObject({ active: true, orphanedCount: 1 });
  });
});

describe('CN1: a group of many', () => {
  it('takes and loses members one by one without being written whole, and is one group for everybody', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 450; n++) ids.push(`member${n}@corp.example`);
    for (let from = 0; from < ids.length; from += 25) {
      const made = ids.slice(from, from + 25).map((userName) => house.scim('POST', '/Users', { userName }));
      for (const answer of await Promise.all(made)) expect(answer.status).toBe(201);
    }
    const values = (some: readonly string[]) => some.map((value) => ({ value }));
    const made = await house.scim('POST', '/Groups', { displayName: 'Everybody', members: values(ids.slice(0, 440)) });
    expect([made.status, made.json.members.length]).toEqual([201, 440]);
    const path = `/Groups/${made.json.id}`;
    await house.scim('PATCH', path, operations({ op: 'Add', path: 'members', value: values(ids.slice(430)) }));
    await house.scim(
      'PATCH',
      path,
      operations(
        { op: 'remove', path: `members[value eq "${ids[0]}"]` },
        { op: 'Remove', path: 'members', value: values([ids[439] as string]) },
      ),
    );
    const members = (await house.scim('GET', path)).json.members.map((each: { value: string }) => each.value);
    const wanted = ids.filter((id) => id !== ids[0] && id !== ids[439]);
    expect(members.toSorted()).toEqual(wanted.toSorted());
    const renamed = await house.scim(
      'PATCH',
      path,
      operations({ op: 'replace', path: 'displayName', value: 'All of us' }),
    );
    expect(renamed.status).toBe(204);
    for (const id of [ids[1], ids[449], ids[300]]) {
      expect(await interlock('people', 'show', id as string)).toMatchObject({ groups: ['All of us'] });
    }
    expect(await interlock('people', 'show', ids[439] as string)).toMatchObject({ groups: [] });
    const { groups } = await interlock('groups', 'list');
    expect(groups).toMatchObject([{ name: 'All of us', members: 448 }]);
    expect((await interlock('groups', 'show', 'All of us')).members).toHaveLength(448);
    expect((await house.scim('GET', '/Groups')).json.totalResults).toBe(1);
    expect((await house.scim('DELETE', path)).status).toBe(204);
    expect(await interlock('people', 'show', ids[300] as string)).toMatchObject({ groups: [] });
  }, 60_000);
});
