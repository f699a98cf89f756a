import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfigText } from '../config/load.ts';
import type { Directory } from '../identity/directory.ts';
import { PERSON_DEFAULTS } from '../model/person.ts';
import { publishFolder } from './policies.ts';

const dir = mkdtempSync(join(tmpdir(), 'interlock-policies-'));
mkdirSync(join(dir, 'policies'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Problems, or warnings after `~`, of one policy that asks that, under that configuration. */
async function said(ask: string, approvals: string, directory?: Directory): Promise<string[]> {
  writeFileSync(
    join(dir, 'policies', 'buy.cedar'),
    `// Buying.\n\n@id("buy")\n@ask("${ask}")\npermit (principal, action, resource);\n`,
  );
  const text = `people: { alice: { name: Alice, groups: [finance] } }
agents: {}
servers: { crm: { url: "https://crm.example" } }
approvals: { ${approvals} }
`;
  const loaded = loadConfigText(join(dir, 'interlock.yaml'), text, {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const published = await publishFolder(loaded.config, directory === undefined ? {} : { directory });
  const [mark, list] = published.ok ? ['~', published.warnings] : ['', published.problems];
  return list.map((p) => `${mark}${p.file.slice(dir.length + 1)}:${p.line}: ${p.message}`);
}

const ROUTES = 'routes: { buy: { tiers: [ { ask: owner } ] } }';
const PERSON = { ...PERSON_DEFAULTS, id: 'zoe', userName: 'zoe', name: 'Zoe', groups: ['legal'] };
const GROUP = { id: '1', name: 'board', externalId: null, members: [] };
const directory = {
  people: () => [PERSON].values(),
  agents: () => [].values(),
  groups: () => [GROUP].values(),
} as never;

describe('policies and the configuration they are about', () => {
  it('a configuration without a route that a policy asks is refused, with file and line of the policy', async () => {
    expect(await said('route:buy', ROUTES)).toEqual([]);
    expect(await said('route:buy', '')).toEqual(['policies/buy.cedar:4: unknown route "buy" in @ask']);
    expect(await said('on-call:duty', '')).toEqual(['policies/buy.cedar:4: unknown schedule "duty" in @ask']);
    expect(await said('role:cfo', 'roles: { cfo: { people: [alice] } }')).toEqual([]);
    expect(await said('role:cfo', '')).toEqual([
      '~policies/buy.cedar:4: nobody could answer @ask for role:cfo: there is no such role or group',
    ]);
  });

  it('groups are those of people, and those an identity provider keeps, with or without members', async () => {
    expect(await said('group:finance', '')).toEqual([]);
    expect(await said('group:legal | group:board', '', directory)).toEqual([]);
    expect(await said('group:legal', '')).toHaveLength(1);
    expect(await said('group:finance', '', directory)).toHaveLength(1);
  });
});
