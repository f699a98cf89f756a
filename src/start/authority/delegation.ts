import { systemClock } from '../../adapters/clock.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import { delegationDesk } from '../../identity/delegation/desk.ts';
import { DEFAULT_DEPTH } from '../../identity/delegation/narrow.ts';
import type { Agent } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import type { TokenEndpointOptions } from '../../oauth/token-endpoint.ts';
import type { Stores } from '../../ports/stores.ts';
import type { DelegationParts as AdminParts } from '../../surfaces/admin/routes/delegation/delegation.ts';
import type { Live } from '../live.ts';

export interface DelegationParts {
  readonly live: Live;
  readonly stores: Pick<Stores, 'directory'>;
  readonly gateway: Gateway;
}

/** What an operator does about connections and tasks. */
export function delegationOperations({ live, stores, gateway }: DelegationParts): AdminParts {
  const { directory } = live;
  const desk = delegationDesk({
    ...{ store: stores.directory, directory, clock: systemClock },
    record: (act) => gateway.journal.append({ type: 'admin', ...act }),
  });
  return { desk, directory };
}

type Rules = Pick<TokenEndpointOptions, 'isLocked' | 'maxDepth' | 'record' | 'addTask'>;

/** What the grants ask of the rest of the house: the kill switch, the journal, the directory. */
export function delegation({ live, stores, gateway }: DelegationParts): Rules {
  return {
    isLocked: ({ agent, person }) => isLocked(gateway, { agent, person }),
    maxDepth: () => DEFAULT_DEPTH,
    async record(act) {
      await gateway.journal.append({ type: 'admin', ...act });
    },
    async addTask(task, by) {
      const change = { kind: 'task', id: task.id, body: task as unknown as JsonObject, expected: null } as const;
      const act = { by, act: 'task.create', reason: task.purpose, atMs: systemClock.nowMs() };
      const applied = await stores.directory.apply([change], act);
      // Who is handed the token may use it at once, here; other gateways hear of the task by the feed.
      if (applied.ok) await live.directory.refresh();
      return applied.ok;
    },
  };
}

/** Whether a pause or a halt is on an agent, on its owner, on a person, or on everything. A view that cannot be trusted counts as one. */
function isLocked({ revocation }: Gateway, who: { agent: Agent | undefined; person: string | undefined }): boolean {
  const entry = revocation.enter({
    ...{ agent: who.agent?.id ?? '', owner: who.agent?.owner ?? '', user: who.person ?? null },
    ...{ through: [], session: null, tasks: [], server: '', tool: null },
  });
  if (entry.ok) entry.leave();
  return !entry.ok;
}
