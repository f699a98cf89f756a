import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { publishFolder } from '../../../src/start/policies.ts';
import { makeWorkspace } from './workspace.ts';

it('the benchmark’s gateway runs a valid configuration with exactly 100 policies and no development shortcuts', async () => {
  const workspace = await makeWorkspace({ url: 'http://127.0.0.1:9/mcp' }, 7700);
  try {
    const loaded = await loadConfig(workspace.configFile, {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    expect(loaded.warnings).toEqual([]);
    expect(loaded.config.development).toEqual({ allowStaticTokens: false, anonymousAgent: null });
    const published = await publishFolder(loaded.config);
    if (!published.ok) throw new Error(JSON.stringify(published.problems));
    expect(published.policies.rules).toHaveLength(100);
  } finally {
    workspace.remove();
  }
});
