import { describe, expect, it } from 'vitest';
import { changesOf } from './changes.ts';

describe('what an act changed', () => {
  it('is told field by field, and nothing that stayed', () => {
    expect(
      changesOf(
        { id: 'a', owner: 'alice', servers: ['erp'], state: 'active', expiresAtMs: null },
        { id: 'a', owner: 'bob', servers: ['erp', 'crm'], state: 'active', expiresAtMs: 1_800_000_000_000 },
      ),
    ).toEqual([
      { field: 'ends', before: null, after: '2027-01-15T08:00:00Z' },
      { field: 'owner', before: 'alice', after: 'bob' },
      { field: 'servers', before: 'erp', after: 'erp, crm' },
    ]);
  });

  it('of what was made or removed is all of it', () => {
    expect(changesOf(null, { id: 'a', name: 'A', keys: [{ kid: 'k1', kty: 'EC' }], groups: [] })).toEqual([
      { field: 'keys', before: null, after: 'key k1' },
      { field: 'name', before: null, after: 'A' },
    ]);
    expect(changesOf({ id: 'a', name: 'A' }, null)).toEqual([{ field: 'name', before: 'A', after: null }]);
  });
});
