import { createHash } from 'node:crypto';
import type { PublicJwk } from '../model/agent.ts';
import { whyUnusable } from '../model/jwk.ts';
import type { ConfigFile } from './schema.ts';
import type { Finding, Path } from './source/problem.ts';

type RawKey = NonNullable<ConfigFile['agents'][string]['keys']>[number];

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;
/**
 * Private members in a key, found before the schema calls them unknown: the message must say what has leaked.
 * `value` is the file before any check.
 */
export function findPrivateKeys(value: unknown): Finding[] {
  const agents = (value as { agents?: Record<string, { keys?: unknown }> } | null)?.agents ?? {};
  if (typeof agents !== 'object') return [];
  return Object.entries(agents).flatMap(([id, agent]) => {
    const keys = Array.isArray(agent?.keys) ? (agent.keys as unknown[]) : [];
    return keys.flatMap((key, i) => {
      const leaked = PRIVATE_MEMBERS.filter(
        (member) => typeof key === 'object' && key !== null && Object.hasOwn(key, member),
      );
      return leaked.map((member) => ({
        path: ['agents', id, 'keys', i, member],
        at: 'key' as const,
        message: `the private part of a key ("${member}") stands in the configuration`,
        help: 'remove it, treat the key as leaked and make a new one: interlock agents add',
      }));
    });
  });
}

/** Each key must be one that verifies, and name one agent only. Pure. */
export function checkKeys(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  const kids = new Map<string, string>();
  const thumbprints = new Map<string, string>();
  for (const [id, agent] of Object.entries(raw.agents)) {
    for (const [i, key] of (agent.keys ?? []).entries()) {
      const path = ['agents', id, 'keys', i];
      const broken = whyUnusable(key as PublicJwk);
      if (broken !== null) {
        const help = 'paste the public JWK that `interlock agents add` or your key tool wrote';
        findings.push({ path, at: 'value', message: broken, help });
        continue;
      }
      findings.push(...claim(kids, key.kid, { agent: id, path: [...path, 'kid'], what: `the kid "${key.kid}"` }));
      findings.push(...claim(thumbprints, thumbprint(key), { agent: id, path, what: 'this key' }));
    }
  }
  return findings;
}

function claim(taken: Map<string, string>, value: string, who: { agent: string; path: Path; what: string }): Finding[] {
  const owner = taken.get(value);
  if (owner === undefined) {
    taken.set(value, who.agent);
    return [];
  }
  const whose = owner === who.agent ? 'this agent already' : `the agent "${owner}"`;
  const help = 'a key proves one agent: make another with interlock agents add';
  return [{ path: who.path, at: 'value', message: `${who.what} belongs to ${whose}`, help }];
}

/** RFC 7638: the same key material gives the same thumbprint whatever its kid. */
function thumbprint(key: RawKey): string {
  const members: Readonly<Record<string, readonly (keyof RawKey)[]>> = {
    OKP: ['crv', 'kty', 'x'],
    EC: ['crv', 'kty', 'x', 'y'],
    RSA: ['e', 'kty', 'n'],
  };
  const canonical = (members[key.kty] ?? []).map((name) => [name, key[name]]);
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(canonical)))
    .digest('base64url');
}
