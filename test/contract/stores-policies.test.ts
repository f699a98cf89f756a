import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PolicyDraftRow, PolicyStore } from '../../src/ports/policy-store.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { GROUNDS, type Ground, type Location, open } from './stores-fixture.ts';

const NOW_MS = 1_800_000_000_000;
const BOUNDS = { maxOpen: 500, forgetBeforeMs: 0 };

function draft(id: string, over: Partial<PolicyDraftRow> = {}): PolicyDraftRow {
  return {
    ...{ id, title: `draft ${id}`, author: 'alice', editors: ['alice'], updatedBy: 'alice', updatedAtMs: NOW_MS },
    ...{ revision: 1, base: 'v1', files: [{ path: 'a.cedar', text: '// ä\n' }], state: 'open' },
    ...over,
  };
}

const saved = (by: string, more = {}) => ({ updatedBy: by, updatedAtMs: NOW_MS + 1, editors: ['alice', by], ...more });
const publication = (version: string, by = 'bob') => ({
  ...{ version, atMs: NOW_MS, by, reason: 'why', draft: null, author: null },
});

describe.each(GROUNDS)('policies on $name', ({ start }) => {
  let ground: Ground;
  let location: Location;
  let stores: Stores;
  let policies: PolicyStore;

  beforeAll(async () => {
    ground = await start('memory');
  });
  afterAll(() => ground?.stop());
  beforeEach(async () => {
    location = await ground.place();
    stores = await open(location);
    policies = stores.policies;
    return () => stores.close();
  });

  it('a draft comes back as it was, also after a restart', async () => {
    expect(await policies.createDraft(draft('d1'), BOUNDS)).toBe(true);
    expect(await policies.draft('d1')).toEqual(draft('d1'));
    expect(await policies.draft('d2')).toBeNull();
    await stores.close();
    stores = await open(location);
    expect(await stores.policies.draft('d1')).toEqual(draft('d1'));
  });

  it('of many who save the same revision one does, and nothing of the others is kept', async () => {
    await policies.createDraft(draft('d1'), BOUNDS);
    const other = await open(location);
    const writers = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? policies : other.policies));
    const done = await Promise.all(
      writers.map((store, i) => store.changeDraft('d1', 1, saved(`p${i}`, { title: `by p${i}` }))),
    );
    await other.close();
    expect(done.filter(Boolean)).toHaveLength(1);
    const winner = `p${done.indexOf(true)}`;
    expect(await policies.draft('d1')).toMatchObject({ revision: 2, title: `by ${winner}`, updatedBy: winner });
  });

  it('a draft that is closed is not changed any more', async () => {
    await policies.createDraft(draft('d1'), BOUNDS);
    expect(await policies.changeDraft('d1', 1, saved('bob', { state: 'discarded' }))).toBe(true);
    expect(await policies.changeDraft('d1', 2, saved('bob', { title: 'again' }))).toBe(false);
    expect(await policies.changeDraft('none', 1, saved('bob'))).toBe(false);
  });

  it('holds to its bound when many drafts are begun at once, and forgets what was closed long ago', async () => {
    const begun = await Promise.all(
      Array.from({ length: 8 }, (_, i) => policies.createDraft(draft(`d${i}`), { ...BOUNDS, maxOpen: 3 })),
    );
    expect(begun.filter(Boolean)).toHaveLength(3);
    const id = `d${begun.indexOf(true)}`;
    await policies.changeDraft(id, 1, saved('bob', { state: 'published' }));
    expect(await policies.createDraft(draft('late'), { maxOpen: 3, forgetBeforeMs: NOW_MS + 2 })).toBe(true);
    expect(await policies.draft(id)).toBeNull();
  });

  it('lists drafts by their last change, page by page, without their files', async () => {
    for (const [i, id] of ['a', 'b', 'c', 'd'].entries())
      await policies.createDraft(draft(id, { updatedAtMs: NOW_MS + Math.floor(i / 2) }), BOUNDS);
    const first = await policies.drafts({ limit: 3 });
    expect(first.map(({ id }) => id)).toEqual(['d', 'c', 'b']);
    expect(first[0]).not.toHaveProperty('files');
    expect((await policies.drafts({ before: first[2]!, limit: 3 })).map(({ id }) => id)).toEqual(['a']);
    expect(await policies.drafts({ state: 'published', limit: 3 })).toEqual([]);
  });

  it('keeps the files of a version once; other files under the same name are told, and not kept', async () => {
    const files = [
      { path: 'b.cedar', text: '2' },
      { path: 'a.cedar', text: '1' },
    ];
    expect(await policies.keep('v1', files, NOW_MS)).toBe(true);
    expect(await policies.keep('v1', [...files].reverse(), NOW_MS)).toBe(true);
    expect(await policies.keep('v1', [{ path: 'a.cedar', text: 'evil' }], NOW_MS)).toBe(false);
    expect(await policies.files('v1')).toEqual([files[1], files[0]]);
    expect(await policies.files('v2')).toBeNull();
  });

  it('numbers publications without gaps, however many come at once, newest first', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, i) => policies.publish(publication(`v${i}`), false)));
    const all = await policies.publications({ limit: 100 });
    expect(all.map(({ seq }) => seq)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect((await policies.publications({ beforeSeq: 3, limit: 100 })).map(({ seq }) => seq)).toEqual([2, 1]);
    expect(await policies.publications({ version: all[4]!.version, limit: 1 })).toEqual([all[4]]);
  });

  it('adds what is in force already to the history only when it is asked to', async () => {
    const first = await policies.publish(publication('v1', 'bob'), true);
    expect(await policies.publish(publication('v1', 'start'), true)).toEqual(first);
    expect(await policies.publish(publication('v2'), true)).toMatchObject({ seq: 2 });
    expect(await policies.publish(publication('v1', 'start'), true)).toMatchObject({ seq: 3, by: 'start' });
    expect(await policies.publish(publication('v1', 'carol'), false)).toMatchObject({ seq: 4 });
  });

  it('takes no text that a database would change', async () => {
    const bad = draft('d1', { files: [{ path: 'a.cedar', text: '\ud800' }] });
    await expect(policies.createDraft(bad, BOUNDS)).rejects.toMatchObject({ code: 'invalid-params' });
    await expect(policies.keep('v1', [{ path: 'a.cedar', text: '\0' }], NOW_MS)).rejects.toMatchObject({
      code: 'invalid-params',
    });
  });
});
