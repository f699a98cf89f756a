import type { Journal } from '../../audit/journal.ts';
import type { Inventory } from '../../inventory/catalog.ts';
import type { Action } from '../../model/action.ts';
import { canonicalize, sha256Base64url } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RelationTuple } from '../../ports/identity-stores.ts';
import { formatTuple, whyInvalid } from '../../rights/language/tuple.ts';
import type { RightsInput } from '../../rights/rights.ts';
import type { RightsAnswered, RightsOperations } from '../../surfaces/admin/routes-rights.ts';
import type { Live } from '../live.ts';

interface RightsOperationParts {
  readonly live: Live;
  readonly journal: Journal;
  readonly inventory: Inventory;
  readonly clock: Clock;
}

/** Relations and rights, for operators. Who gives a right away, or takes it, is on record before it counts. */
export function rightsOperations(parts: RightsOperationParts): RightsOperations {
  const { live, journal } = parts;
  return {
    async change({ writes, deletes, by, reason }) {
      const refused = whyRefused(live, writes);
      if (refused !== null) return { refused };
      const detail = { writes: writes.map(formatTuple), deletes: deletes.map(formatTuple) };
      await journal.append({ type: 'admin', act: 'relations.write', by, reason, detail });
      await live.rights.memory.apply({ writes, deletes });
      return { refused: null };
    },
    list(filter) {
      const { tuples, next } = live.rights.memory.list(filter);
      const written = tuples.map(({ subject: user, relation, object, origin }) => ({ user, relation, object, origin }));
      return { items: written, next, total: live.rights.memory.status().tuples, source: live.rights.source() };
    },
    async checkRelation(tuple) {
      const relations = live.rights.relations();
      if (relations === null) return { holds: null, why: NO_MODEL };
      try {
        return { holds: await relations.check({ ...tuple, given: [] }), why: null };
      } catch (error) {
        return { holds: null, why: error instanceof Error ? error.message : 'no answer' };
      }
    },
    checkRights: (question) => checkRights(parts, question),
  };
}

const NO_MODEL = 'no model of relations is configured: set permissions.model, then interlock reload';

function whyRefused(live: Live, writes: readonly RelationTuple[]): string | null {
  if (live.rights.source() === 'server') return 'relations come from the OpenFGA server: write them there';
  const { model } = live.rights.memory;
  if (model === null || live.rights.source() === null) return NO_MODEL;
  for (const tuple of writes) {
    const why = whyInvalid(tuple, model);
    if (why !== null) return `${formatTuple(tuple)}: ${why}`;
  }
  return null;
}

/** What the gateway would answer now for a call of somebody's agent, and what each rule says. Nothing is called or counted. */
async function checkRights(
  { live, inventory, clock }: RightsOperationParts,
  { user, tool, args }: { readonly user: string; readonly tool: string; readonly args: JsonObject },
): Promise<RightsAnswered | { readonly unknown: string }> {
  const person = live.directory.person(user) ?? live.directory.personNamed(user);
  if (person === undefined) return { unknown: `there is no person "${user}"` };
  const server = tool.slice(0, Math.max(0, tool.indexOf('/')));
  const name = tool.slice(server.length + 1);
  if (!live.snapshot().servers.has(server)) return { unknown: `there is no server "${server}": write server/tool` };
  const found = inventory.resolve(server, name);
  if (found.state === 'unknown') return { unknown: `the server "${server}" has shown no tool "${name}"` };
  const input: RightsInput = {
    person,
    action: actionOf({ server, name, args }),
    labels: found.labels,
    nowMs: clock.nowMs(),
  };
  const { rights } = live.rights;
  const { permit, rule, why } = await rights.check(input);
  const rules = (await rights.explain(input)).map((each) => ({ ...each }));
  const listed = rights.couldPermit({ person, labels: found.labels, server, tool: name });
  return { user: person.id, tool, permit, rule, why, listed, rules };
}

function actionOf({ server, name, args }: { server: string; name: string; args: JsonObject }): Action {
  const canonical = canonicalize({ action: 'tools/call', server, params: { name, arguments: args } });
  return {
    name: 'tools/call',
    server,
    target: { kind: 'tool', name },
    args,
    digest: sha256Base64url(canonical),
    sizeChars: canonical.length,
  };
}
