import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { REPOSITORY } from '../../../scripts/product.ts';
import { type AgentKey, keyFile, makeKey, writeKey } from '../../../src/cli/agents/keys.ts';
import { TOOL } from '../upstreams/messages.ts';
import { benchPolicies } from './policies.ts';

export type BenchUpstream = (
  | { readonly url: string }
  | { readonly command: string; readonly args: readonly string[] }
) & { readonly actionCredential?: { readonly proof: boolean } };

export const AGENT = 'bench';
export const SERVER = 'orders';
/** Owns the agent, and sees everything in the console. */
export const OPERATOR = 'operator';

export interface Workspace {
  readonly dir: string;
  readonly configFile: string;
  readonly url: string;
  readonly key: AgentKey['privateJwk'];
  remove(): void;
}

/** TMPFS_MAGIC of statfs(2): memory pretending to be a disk. */
const TMPFS = 0x01021994;

/**
 * A configuration as in production: a registered key, 100 policies, pinned tools, a journal that syncs. In the repository's own
 * `tmp` folder and not the system's, which is often memory: a journal that never meets a disk would flatter us.
 */
export async function makeWorkspace(upstream: BenchUpstream, port: number): Promise<Workspace> {
  mkdirSync(join(REPOSITORY, 'tmp'), { recursive: true });
  const dir = mkdtempSync(join(REPOSITORY, 'tmp/bench-'));
  const key = await makeKey('EdDSA');
  writeKey(keyFile(join(dir, 'data'), AGENT), key, false);
  mkdirSync(join(dir, 'policies'));
  writeFileSync(join(dir, 'policies/bench.cedar'), benchPolicies(100));
  const configFile = join(dir, 'interlock.yaml');
  writeFileSync(configFile, stringify(configuration(upstream, { port, key })), { mode: 0o600 });
  const remove = () => rmSync(dir, { recursive: true, force: true });
  return { dir, configFile, url: `http://127.0.0.1:${port}`, key: key.privateJwk, remove };
}

function configuration(upstream: BenchUpstream, { port, key }: { port: number; key: AgentKey }): object {
  const facts = { amount: '/total', currency: '/currency', quantity: '/quantity' };
  return {
    listen: { host: '127.0.0.1', port },
    data: './data',
    people: { [OPERATOR]: { name: 'Operator' } },
    console: { roles: { 'security-admin': [`person:${OPERATOR}`] } },
    agents: {
      [AGENT]: {
        name: 'Benchmark',
        owner: OPERATOR,
        purpose: 'Measures the gateway.',
        archetype: 'homegrown',
        riskTier: 'low',
        servers: [SERVER],
        keys: [key.publicJwk],
      },
    },
    servers: {
      [SERVER]: { ...upstream, risk: 'low', tools: { [TOOL.name]: { effect: 'write', dataClass: 'internal', facts } } },
    },
    // Long enough for a whole run: renewing tokens is no part of the measured path.
    tokens: { ttlMs: 3_600_000 },
    limits: { sessions: 20_000, sessionsPerAgent: 20_000, connections: 20_000 },
    log: { level: 'warn', format: 'json' },
  };
}

/** Why figures with a journal would be worth nothing here, or null. */
export function noRealDisk(): string | null {
  const { type } = statfsSync(REPOSITORY);
  return type === TMPFS ? `${REPOSITORY} is in memory (tmpfs): the durable journal costs nothing here` : null;
}
