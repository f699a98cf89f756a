import { describe, expect, it } from 'vitest';
import type { PoliciesInForce, PolicyDraft } from '../../../../../src/model/insight/policies.ts';
import type { Me } from '../../../../../src/model/insight/roles.ts';
import { changedFiles, changesInWords } from '../cedar/changes.ts';
import { asPath, isDirty, renamed, whyBadPath, whyNotPublish, withFile, workOf } from './work.ts';

const files = [{ path: 'a.cedar', text: 'permit (principal, action, resource);' }];
const draft: PolicyDraft = {
  ...{ id: 'd-1', title: 'Less', author: 'paul', editors: ['paul'], updatedBy: 'paul', updatedAtMs: 0, revision: 3 },
  ...{ base: 'v1', files, state: 'open' },
};
const inForce = { version: 'v1', files: [], editable: true, readOnlyBecause: null } as unknown as PoliciesInForce;
const me = {
  id: 'petra',
  permissions: ['policies.publish'],
  separatePolicyDuties: true,
  canStepUp: true,
} as unknown as Me;
const good = { ok: true, version: 'v2', problems: [], warnings: [] };

describe('a draft as somebody works on it', () => {
  it('is saved or not, whatever was changed', () => {
    const work = workOf(draft);
    expect(isDirty(work, draft)).toBe(false);
    expect(isDirty(withFile(work, 'a.cedar', 'x'), draft)).toBe(true);
    expect(isDirty({ ...work, title: 'More' }, draft)).toBe(true);
    expect(isDirty({ ...work, base: 'v2' }, draft)).toBe(true);
    expect(isDirty(withFile(withFile(work, 'a.cedar', 'x'), 'a.cedar', files[0]!.text), draft)).toBe(false);
  });

  it('keeps its files in order, and says what became of them', () => {
    const work = renamed(withFile(workOf(draft), 'b/c.cedar', 'two'), 'a.cedar', 'z.cedar');
    expect(work.files.map(({ path }) => path)).toEqual(['b/c.cedar', 'z.cedar']);
    const changed = changedFiles(files, work.files);
    expect(changed.map(({ path, how }) => [path, how])).toEqual([
      ['a.cedar', 'removed'],
      ['b/c.cedar', 'added'],
      ['z.cedar', 'added'],
    ]);
    expect(changesInWords(changed)).toBe('2 files added, 1 removed');
    expect(changesInWords([])).toBeNull();
  });

  it('calls files what the gateway will take', () => {
    expect(asPath(' Buying things ')).toBe('buying-things.cedar');
    expect(whyBadPath('a.cedar', ['a.cedar'])).toContain('of that name');
    expect(whyBadPath('a.cedar/b.cedar', ['a.cedar'])).toContain('in the way');
    expect(whyBadPath('../a.cedar', [])).toContain('Lower-case');
    expect(whyBadPath('buying/small.cedar', ['a.cedar'])).toBeNull();
  });
});

describe('why a draft cannot be published', () => {
  const state = { draft, dirty: false, inForce, check: good, me };
  it('is nothing where everything is as it should be', () => {
    expect(whyNotPublish(state)).toBeNull();
  });
  it.each([
    ['no such role', { me: { ...me, permissions: [] } }, 'policy publishers'],
    ['read only', { inForce: { ...inForce, editable: false, readOnlyBecause: 'mounted so' } }, 'mounted so'],
    ['who wrote it', { me: { ...me, id: 'paul' } }, 'ask somebody else'],
    ['another base', { draft: { ...draft, base: 'v0' } }, 'take them as its base'],
    ['unsaved', { dirty: true }, 'Save it first'],
    ['not checked', { check: undefined }, 'being checked'],
    ['errors', { check: { ...good, ok: false, problems: [{} as never, {} as never] } }, '2 errors'],
    ['the same', { inForce: { ...inForce, files } }, 'in force already'],
    ['no passkey', { me: { ...me, canStepUp: false } }, 'passkey'],
    ['over', { draft: { ...draft, state: 'discarded' as const } }, 'discarded'],
  ])('%s', (_name, change, words) => {
    expect(whyNotPublish({ ...state, ...change })).toContain(words);
  });
  it('is not who wrote it, where duties are not separate', () => {
    expect(whyNotPublish({ ...state, me: { ...me, id: 'paul', separatePolicyDuties: false } })).toBeNull();
  });
});
