import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigText } from '../../src/config/load.ts';
import { openRightsInForce } from '../../src/start/rights/rights.ts';
import { openLog } from '../../src/surfaces/ops/log.ts';

const dir = mkdtempSync(join(tmpdir(), 'interlock-rights-in-force-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
writeFileSync(join(dir, 'm.fga'), 'model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n');

describe('rights in force (AZ2)', () => {
  it('are not taken over while the store cannot be read, and are once it can', async () => {
    const loaded = loadConfigText(
      join(dir, 'interlock.yaml'),
      'agents: {}\nservers: {}\npolicies: .\npermissions: { model: m.fga, rules: [] }\n',
      {},
    );
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const state = { broken: true };
    const store = {
      apply: async () => {},
      prune: async () => 0,
      onChange: () => () => {},
      async changesSince() {
        if (state.broken) throw new Error('disk on fire');
        return { seq: 0, floor: 0, changes: [], restart: false };
      },
    };
    const rights = openRightsInForce({ store, log: openLog('silent' as never, 'json') });
    expect(await rights.prepare(loaded.config, [])).toMatchObject({
      ok: false,
      problems: [{ message: expect.stringMatching(/disk on fire/) }],
    });
    expect(rights.source()).toBeNull();
    state.broken = false;
    const prepared = await rights.prepare(loaded.config, []);
    if (!prepared.ok) throw new Error('not prepared');
    prepared.use();
    expect(rights.source()).toBe('memory');
    await rights.close();
  });
});
