import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../src/cli/program.ts';
import {
  type ApprovalWorld,
  answerAs,
  openApprovalWorld,
  order,
  type SignedIn,
  sawOf,
} from '../people/approvals-world.ts';
import { until } from './house.ts';

async function cli(configPath: string, ...args: readonly string[]): Promise<{ code: number; printed: string }> {
  const printed: string[] = [];
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((text: string) => printed.push(text) > 0) as never;
  const code = await run(['--config', configPath, ...args]).finally(() => {
    process.stdout.write = write;
  });
  return { code, printed: printed.join('') };
}

describe('HU3: a receipt of what people answered', () => {
  let world: ApprovalWorld;
  let alice: SignedIn;
  beforeAll(async () => {
    world = await openApprovalWorld();
    alice = await world.person('alice');
  });
  afterAll(() => world?.close());

  it('proves offline who approved what with which passkey, and what was tampered with', async () => {
    const { id, result } = await world.park('buyer', order(2_000));
    expect((await answerAs(alice, id, { reason: 'asked for by Carol' })).status).toBe(200);
    expect((await result).isError ?? false).toBe(false);
    const file = join(world.dir, 'order.receipt');
    await until(async () => (await cli(world.configPath, 'approvals', 'receipt', id, '--out', file)).code === 0);
    const vkey = (await cli(world.configPath, 'checkpoint', '--vkey')).printed.trim();
    const elsewhere = join(world.dir, 'nowhere.yaml');
    const checked = await cli(elsewhere, 'verify', '--receipt', file, '--vkey', vkey);
    expect([checked.code, checked.printed]).toEqual([0, expect.stringContaining('Every signature stands')]);
    for (const said of [
      'alice approved it at ',
      '"asked for by Carol"',
      `signed by the passkey ${alice.key.id}`,
      '"total":2000',
    ])
      expect(checked.printed).toContain(said);
    const json = JSON.parse((await cli(elsewhere, 'verify', '--receipt', file, '--vkey', vkey, '--json')).printed);
    expect(json).toMatchObject({
      ok: true,
      approval: { approval: id, outcome: 'approved', answers: [{ problem: null }] },
    });
    // The key that signed is the one whose enrolment is on record.
    const enrolled = (await world.records()).find((each) => each.type === 'admin' && each.act === 'person.passkey-set');
    expect(enrolled).toMatchObject({ detail: { thumbprint: json.approval.answers[0].passkey.thumbprint } });
    const set = async (person: string) => {
      const path = world.configPath;
      const receipt = join(world.dir, `${person}.enrolment`);
      const listed = (await cli(path, 'log', '--json', '--last', '200')).printed.trim().split('\n');
      const records = listed.map((line) => JSON.parse(line) as { seq: number; record: { act?: string; by?: string } });
      const seq = records.find(({ record }) => record.act === 'person.passkey-set' && record.by === person)!.seq;
      await until(async () => (await cli(path, 'receipt', String(seq))).code === 0);
      writeFileSync(receipt, (await cli(path, 'receipt', String(seq))).printed);
      return receipt;
    };
    await world.person('carol');
    const against = (enrolment: string) =>
      cli(elsewhere, 'verify', '--receipt', file, '--vkey', vkey, '--enrolment', enrolment);
    expect((await against(await set('alice'))).code).toBe(0);
    const other = await against(await set('carol'));
    expect([other.code, other.printed]).toEqual([1, expect.stringContaining('no enrolment given here')]);
    expect((await against(file)).code).toBe(2);
    // The page hands out the same.
    const page = await alice.browser.get(`/approvals/${id}/receipt`);
    expect(JSON.parse(page.text).leaf).toBe(JSON.parse(readFileSync(file, 'utf8')).leaf);
    writeFileSync(file, readFileSync(file, 'utf8').replace('asked for by Carol', 'asked for by Alice'));
    expect((await cli(elsewhere, 'verify', '--receipt', file, '--vkey', vkey)).code).toBe(1);
  });

  it('is there for whom it concerned, and for nobody else', async () => {
    const { id, result } = await world.park('buyer', order(8_000));
    const [bob, carol, dora] = [await world.person('bob'), await world.person('carol'), await world.person('dora')];
    const erin = await world.person('erin');
    for (const each of [carol, dora]) expect((await answerAs(each, id)).status).toBe(200);
    expect((await result).isError ?? false).toBe(false);
    const sees = async (person: SignedIn) => (await person.browser.get(`/approvals/${id}`)).status;
    // Who answered, who could have, whose agent it is; and somebody of the house.
    expect([await sees(carol), await sees(bob), await sees(alice), await sees(erin)]).toEqual([200, 200, 200, 404]);
    const listed = async (person: SignedIn, of: string) =>
      (await person.browser.get(`/approvals/history?of=${of}`)).text.includes(id);
    expect([await listed(carol, 'me'), await listed(bob, 'me'), await listed(bob, 'all')]).toEqual([true, false, true]);
    expect(await listed(erin, 'all')).toBe(false);
  });

  it('there is none before it is answered', async () => {
    const { id } = await world.park('buyer', order(2_001));
    const none = await cli(world.configPath, 'approvals', 'receipt', id);
    expect(none.code).toBe(1);
    expect((await alice.browser.get(`/approvals/${id}/receipt`)).status).toBe(404);
  });

  it('an open page asks whether anything is new, is told only what is, and keeps nobody signed in', async () => {
    const { id } = await world.park('buyer', order(2_002));
    const seen = lastSeen(world);
    age(world, '$.atMs', 600_000, 'PersonSessionSeen');
    for (const path of ['/approvals/state', `/approvals/${id}/state`]) {
      const first = await alice.browser.get(path);
      const tag = first.headers.etag!;
      expect((await alice.browser.get(path, { 'if-none-match': tag })).status).toBe(304);
      await world.park('buyer', order(2_100 + path.length));
      const again = await alice.browser.get(path, { 'if-none-match': tag });
      expect(again.status).toBe(path === '/approvals/state' ? 200 : 304);
    }
    expect(lastSeen(world)).toBe(seen - 600_000);
    await alice.browser.get('/approvals');
    expect(lastSeen(world)).toBeGreaterThan(seen - 600_000);
  });
});

describe('HU1: where having signed in is proof enough', () => {
  let world: ApprovalWorld;
  let alice: SignedIn;
  beforeAll(async () => {
    world = await openApprovalWorld({ assurance: 'signed-in' });
    alice = await world.person('alice');
  });
  afterAll(() => world?.close());

  const form = async (id: string, more: Record<string, string> = {}) => ({
    ...{ verdict: 'approved', reason: '', standing: '', saw: await sawOf(alice, id) },
    ...more,
  });

  it('a form without any script answers, and the record says how it was proven', async () => {
    const { id, result } = await world.park('buyer', order(2_000));
    const answered = await alice.browser.post(`/approvals/${id}/answer`, await form(id, { reason: 'fine' }));
    expect([answered.status, answered.text]).toEqual([
      200,
      expect.stringContaining(`url=/approvals/${id}?done=approved`),
    ]);
    expect((await result).isError ?? false).toBe(false);
    expect(await world.outcome(id)).toMatchObject({
      by: 'alice',
      detail: { answers: [{ assurance: 'signed-in', proof: null, reason: 'fine' }] },
    });
    // Its receipt is genuine, and says that no passkey stands behind it.
    const file = join(world.dir, 'weak.receipt');
    await until(async () => (await cli(world.configPath, 'approvals', 'receipt', id, '--out', file)).code === 0);
    const checked = await cli(world.configPath, 'verify', '--receipt', file);
    expect([checked.code, checked.printed]).toEqual([0, expect.stringContaining('NOT proven by a passkey: alice')]);
    expect(checked.printed).not.toContain('Every signature stands');
  });

  it('a no without a reason is none', async () => {
    const { id } = await world.park('buyer', order(2_001));
    const silent = await form(id, { verdict: 'denied', reason: ' ' });
    expect((await alice.browser.post(`/approvals/${id}/answer`, silent)).status).toBe(400);
    expect((await world.row(id)).state).toBe('pending');
  });

  it('changed arguments are what was previewed, or nothing', async () => {
    const { id, result } = await world.park('buyer', order(2_002));
    await alice.browser.get(`/approvals/${id}/change`);
    const args = JSON.stringify({ ...order(2_002).arguments, total: 450 });
    const preview = await alice.browser.post(`/approvals/${id}/change`, { form: 'json', json: args });
    const saw = /name="saw" value="([^"]+)"/.exec(preview.text)![1]!;
    const wider = JSON.stringify({ ...order(2_002).arguments, total: 4_999 });
    const swapped = await alice.browser.post(`/approvals/${id}/answer`, await form(id, { arguments: wider, saw }));
    expect(swapped.status).toBe(409);
    for (const json of [
      '{"supplier":"northwind"}',
      '{',
      '[]',
      JSON.stringify({ ...order(1).arguments, total: 90_000 }),
    ]) {
      const refused = await alice.browser.post(`/approvals/${id}/change`, { form: 'json', json });
      expect([json, refused.status >= 400]).toEqual([json, true]);
    }
    const answered = await alice.browser.post(`/approvals/${id}/answer`, await form(id, { arguments: args, saw }));
    expect(answered.status).toBe(200);
    expect((await result).isError ?? false).toBe(false);
    expect(world.orders().at(-1)).toMatchObject({ total_cents: 45_000 });
  });

  it('whoever signed in long ago signs in again first', async () => {
    const { id } = await world.park('buyer', order(2_003));
    const fields = await form(id);
    age(world, '$.authTimeMs', 16 * 60_000, 'PersonSession');
    expect((await alice.browser.get(`/approvals/${id}`)).text).toContain(
      `/sign-in?again=1&amp;return=%2Fapprovals%2F${id}`,
    );
    const answered = await alice.browser.post(`/approvals/${id}/answer`, fields);
    expect([answered.status, answered.text]).toEqual([403, expect.stringContaining('Sign in again first')]);
    expect((await world.row(id)).answers).toEqual([]);
  });
});

/** Time goes by for the sessions there are. */
function age(world: ApprovalWorld, at: string, ms: number, kind: string): void {
  withStore(world, (db) =>
    db
      .prepare(`UPDATE interlock_oauth SET payload = json_set(payload, ?, json_extract(payload, ?) - ?) WHERE kind = ?`)
      .run(at, at, ms, kind),
  );
}

function lastSeen(world: ApprovalWorld): number {
  const sql = `SELECT max(json_extract(payload, '$.atMs')) AS at FROM interlock_oauth WHERE kind = 'PersonSessionSeen'`;
  return withStore(world, (db) => (db.prepare(sql).get() as { at: number }).at);
}

function withStore<T>(world: ApprovalWorld, run_: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(world.dir, '.interlock', 'interlock.db'));
  try {
    return run_(db);
  } finally {
    db.close();
  }
}
