import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { makeKey } from '../../src/cli/agents/keys.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfigText } from '../../src/config/load.ts';
import { SessionState } from '../../src/gateway/session-facts.ts';
import { Usage } from '../../src/gateway/usage.ts';
import { ALONE } from '../../src/model/caller.ts';
import { digestJson } from '../../src/model/canonical.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { PolicyInput } from '../../src/model/policy-input.ts';
import { extractFacts } from '../../src/policy/facts.ts';
import type { PolicySet } from '../../src/policy/policy-set.ts';
import { publishFolder, worldOf } from '../../src/start/policies.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const NOW_MS = Date.UTC(2026, 5, 1, 10);

async function loadExample(name: string): Promise<Config> {
  const file = join(EXAMPLES, name, 'interlock.yaml');
  const document = parseDocument(readFileSync(file, 'utf8'));
  // Keys belong to a machine: the example has none, the demo makes them.
  if (name === 'demo-company') {
    for (const agent of Object.keys(document.toJS().agents)) {
      document.setIn(['agents', agent, 'keys'], [{ ...(await makeKey('EdDSA')).publicJwk }]);
    }
  }
  const loaded = loadConfigText(file, document.toString(), {});
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

interface Question {
  readonly agent: string;
  readonly tool: string;
  readonly args?: JsonObject;
  readonly session?: SessionState;
  readonly usage?: Usage;
}

describe('the demo company’s policies', () => {
  let config: Config;
  let policies: PolicySet;

  beforeAll(async () => {
    config = await loadExample('demo-company');
    const published = await publishFolder(config);
    if (!published.ok) throw new Error(JSON.stringify(published.problems));
    // The filesystem and the test server's tools are known only once they were seen.
    expect(published.warnings).toEqual([]);
    policies = published.policies;
  });

  function decide({ agent: agentId, tool, args = {}, ...past }: Question): string {
    const [serverId, name] = tool.split('/') as [string, string];
    const agent = config.agents.find((each) => each.id === agentId);
    const server = config.servers.find((each) => each.id === serverId);
    const known = worldOf(config, []).tools.find((each) => each.server === serverId && each.name === name);
    if (agent === undefined || server === undefined || known === undefined)
      throw new Error(`unknown: ${agentId} ${tool}`);
    const usage = past.usage ?? new Usage();
    const target = { kind: 'tool', name } as const;
    const input: PolicyInput = {
      caller: {
        ...ALONE,
        agent,
        method: 'token',
        credentialId: 'c',
        expiresAtMs: NOW_MS + 60_000,
      },
      action: { name: 'tools/call', server: serverId, target, args, digest: digestJson(args), sizeChars: 0 },
      labels: known.labels,
      facts: extractFacts(args, server.tools.get(name)?.facts ?? {}),
      session: past.session ?? new SessionState('s', NOW_MS),
      usage: { agent: usage.read('agent', agentId, NOW_MS), session: usage.read('session', 's', NOW_MS), task: null },
      watched: false,
      nowMs: NOW_MS,
    };
    const { effect, ask, errors } = policies.decide(input);
    expect(errors).toEqual([]);
    return ask.length === 0 ? effect : `${effect} ${ask.join()}`;
  }

  const order = (total: number, currency = 'EUR') => ({
    supplier: 'helios',
    item: 'MON-27',
    quantity: 1,
    total,
    currency,
  });
  const host = (environment: string) => ({ host: 'any', environment });

  it.each([
    ['procurement', 'erp/orders.create', order(0.01), 'permit'],
    ['procurement', 'erp/orders.create', order(399.99), 'permit'],
    ['procurement', 'erp/orders.create', order(400), 'ask owner'],
    ['procurement', 'erp/orders.create', order(10_000), 'ask owner'],
    ['procurement', 'erp/orders.create', order(10_000.01), 'deny'],
    ['procurement', 'erp/orders.create', order(50, 'USD'), 'deny'],
    ['procurement', 'erp/orders.create', { ...order(50), total: 'fifty' }, 'deny'],
    ['procurement', 'erp/orders.list', {}, 'permit'],
    ['procurement', 'erp/orders.cancel', { id: 1 }, 'deny'],
    ['procurement', 'erp/reports.build', { kind: 'spending' }, 'permit'],
    ['analyst', 'erp/reports.build', { kind: 'spending' }, 'permit'],
    ['analyst', 'erp/orders.create', order(1), 'deny'],
    ['infrastructure', 'infra/servers.list', {}, 'permit'],
    ['infrastructure', 'infra/servers.list', { environment: 'production' }, 'permit'],
    ['infrastructure', 'infra/servers.restart', host('staging'), 'permit'],
    ['infrastructure', 'infra/servers.restart', host('production'), 'deny'],
    ['infrastructure', 'infra/servers.restart', { host: 'web-1' }, 'deny'],
    ['infrastructure', 'infra/servers.delete', host('staging'), 'deny'],
    ['infrastructure', 'infra/servers.delete', host('production'), 'deny'],
    ['support', 'crm/customers.get', { id: 'c-1001' }, 'permit'],
    ['support', 'crm/tickets.find', {}, 'permit'],
    ['support', 'crm/customers.export', { destination: 'x@example.com' }, 'deny'],
    ['support', 'infra/servers.list', {}, 'deny'],
  ])('%s calling %s with %j: %s', (agent, tool, args, expected) => {
    expect(decide({ agent, tool, args: args as JsonObject })).toBe(expected);
  });

  it('let a host in staging be deleted once the servers were listed in the session', () => {
    const session = new SessionState('s', NOW_MS);
    session.permitted('infra/servers.list', null);
    const question = { agent: 'infrastructure', tool: 'infra/servers.delete', session };
    expect(decide({ ...question, args: host('staging') })).toBe('permit');
    expect(decide({ ...question, args: host('production') })).toBe('deny');
  });

  it('ask even for small orders once 5,000.00 EUR were spent in a day', () => {
    const usage = new Usage();
    const keys = { agent: 'procurement', session: 's', tasks: [] };
    usage.count(keys, 49_999_999, NOW_MS - 1_000);
    expect(decide({ agent: 'procurement', tool: 'erp/orders.create', args: order(10), usage })).toBe('permit');
    usage.count(keys, 1, NOW_MS - 1_000);
    expect(decide({ agent: 'procurement', tool: 'erp/orders.create', args: order(10), usage })).toBe('ask owner');
  });
});

it.each(['minimal', 'rights', 'verify-tool'])('the example %s loads and its policies are published', async (name) => {
  const config = await loadExample(name);
  const published = await publishFolder(config);
  expect(published).toMatchObject({ ok: true, warnings: [] });
});
