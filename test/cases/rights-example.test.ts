import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { labelsOf } from '../../src/inventory/labels.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { MemoryRelations } from '../../src/rights/relations/memory.ts';
import { openRights } from '../../src/rights/rights.ts';
import { publishFolder } from '../../src/start/policies.ts';
import { readPermissions } from '../../src/start/rights/read-permissions.ts';

const FILE = resolve(import.meta.dirname, '../../examples/rights/interlock.yaml');
const nothing = {
  apply: async () => {},
  changesSince: async () => ({ seq: 0, floor: 0, changes: [], restart: false }),
  prune: async () => 0,
  onChange: () => () => {},
};

describe('the example of rights (AZ2)', () => {
  it('says what its page says', async () => {
    const loaded = await loadConfig(FILE, {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const { config } = loaded;
    expect(loaded.files).toContain(join(resolve(FILE, '..'), 'model.fga'));
    expect((await publishFolder(config)).ok).toBe(true);
    const read = await readPermissions(config, []);
    if (!read.ok || read.model === null) throw new Error(JSON.stringify(read));
    const relations = new MemoryRelations({ store: nothing, clock: systemClock });
    await relations.load();
    relations.use(read.model, read.tuples);
    const rights = openRights({ permissions: config.permissions!, relations });
    const may = async (user: string, name: string, args: JsonObject) => {
      const action = {
        name: 'tools/call',
        server: 'crm',
        target: { kind: 'tool', name },
        args,
        digest: '',
        sizeChars: 0,
      } as const;
      const labels = labelsOf(name, null, config.servers[0]!);
      const answer = await rights.check({
        person: config.people.find(({ id }) => id === user)!,
        action,
        labels,
        nowMs: 0,
      });
      return answer.permit ? answer.rule : answer.why;
    };
    expect(await may('alice', 'customers.get', { customerId: 'acme' })).toBe('own-customers');
    expect(await may('carol', 'customers.get', { customerId: 'acme' })).toBe('own-customers');
    expect(await may('carol', 'orders.create', { customerId: 'acme' })).toBe(
      'no rule grants: orders: in none of its groups',
    );
    expect(await may('bob', 'orders.create', { customerId: 'globex' })).toBe('orders');
    expect(await may('bob', 'orders.create', { customerId: 'initech' })).toBe(
      'no rule grants: orders: not can_order of customer:initech',
    );
    expect(await may('bob', 'customers.merge', { customerIds: ['globex', 'acme'] })).toMatch(
      /not can_order of customer:acme/,
    );
    expect(await may('carol', 'catalogue.search', {})).toBe('catalogue');
  });
});
