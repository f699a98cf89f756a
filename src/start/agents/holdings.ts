import type { Approvals } from '../../approvals/approvals.ts';
import type { Credentials } from '../../credentials/credentials.ts';
import type { Directory } from '../../identity/directory.ts';
import type { Holding } from '../../identity/registry/end/decommission.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EntityChange, RevokedRow } from '../../ports/identity-stores.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';

export interface HoldingParts {
  readonly stores: Stores;
  readonly directory: Directory;
  readonly revocation: Revocation;
  readonly approvals: Approvals;
  readonly clock: Clock;
  readonly mcp: McpHandler;
  readonly revoke: (rows: readonly RevokedRow[]) => Promise<void>;
  readonly maxTokenMs: () => number;
  readonly credentials: Pick<Credentials, 'heldBy' | 'endFor'>;
}

const PAGE = 1_000;
const SLACK_MS = 60_000;
const ACT = { by: 'decommissioning', reason: 'the agent was decommissioned' } as const;

/** Everything an agent can hold here. Tokens cannot be counted (they are not stored): all of them are revoked. */
export function holdingsOf(parts: HoldingParts): readonly Holding[] {
  return [
    tokens(parts),
    grants(parts),
    connections(parts),
    tasks(parts),
    sessions(parts),
    approvals(parts),
    locks(parts),
    upstream(parts),
  ];
}

function tokens({ clock, revoke, maxTokenMs }: HoldingParts): Holding {
  const revoked = new Set<string>();
  return {
    name: 'tokens',
    list: async (id) => (revoked.has(id) ? [] : ['every access token issued until now']),
    async end(id) {
      const issuedUntilMs = clock.nowMs();
      const expiresAtMs = issuedUntilMs + maxTokenMs() + SLACK_MS;
      await revoke([{ kind: 'agent', id, issuedUntilMs, expiresAtMs }]);
      revoked.add(id);
    },
  };
}

function grants({ stores: { oauth } }: HoldingParts): Holding {
  return {
    name: 'grants',
    list: async (client) =>
      (await oauth.list({ client, limit: PAGE })).map(({ kind, id }) => `${kind} ${id.slice(0, 8)}…`),
    async end(client) {
      for (;;) {
        const rows = await oauth.list({ client, limit: PAGE });
        let removed = 0;
        for (const { grantId } of rows) if (grantId !== null) removed += await oauth.removeGrant(grantId);
        for (const { kind, id } of rows) if (await oauth.remove(kind, id)) removed++;
        if (removed === 0) return;
      }
    },
  };
}

/** Those of the configuration stay in the file; an agent that is no more uses none. */
function connections({ stores, directory, clock }: HoldingParts): Holding {
  const theirs = (agent: string) =>
    [...directory.connections()].filter(
      ({ id, from, to }) => (from === agent || to === agent) && directory.storedOne('connection', id) !== undefined,
    );
  return {
    name: 'connections',
    list: async (id) => theirs(id).map(({ id: connection, from, to }) => `${connection} (${from} to ${to})`),
    async end(agent) {
      const changes = theirs(agent).map(({ id }): EntityChange => {
        return { kind: 'connection', id, body: null, expected: directory.storedVersion('connection', id) };
      });
      await applyAll({ stores, directory, clock }, changes, 'connection.remove');
    },
  };
}

function tasks({ stores, directory, clock }: HoldingParts): Holding {
  const open = (agent: string) =>
    [...directory.tasks()].filter((task) => task.agent === agent && task.state === 'open');
  return {
    name: 'tasks',
    list: async (id) => open(id).map((task) => task.id),
    async end(agent) {
      const changes = open(agent).map((task): EntityChange => {
        const body = { ...task, state: 'closed' } as unknown as JsonObject;
        return { kind: 'task', id: task.id, body, expected: directory.storedVersion('task', task.id) };
      });
      await applyAll({ stores, directory, clock }, changes, 'task.close');
    },
  };
}

async function applyAll(
  { stores, directory, clock }: Pick<HoldingParts, 'stores' | 'directory' | 'clock'>,
  changes: readonly EntityChange[],
  act: string,
): Promise<void> {
  for (let from = 0; from < changes.length; from += PAGE)
    await stores.directory.apply(changes.slice(from, from + PAGE), { ...ACT, act, atMs: clock.nowMs() });
  await directory.refresh();
}

function sessions({ mcp }: HoldingParts): Holding {
  return {
    name: 'sessions',
    list: async (id) =>
      mcp.legacy.sessions
        .all()
        .filter(({ agent }) => agent === id)
        .map((session) => session.id),
    end: (id) => mcp.end((_state, { agent }) => agent.id === id, ACT.reason),
  };
}

function approvals({ approvals: questions }: HoldingParts): Holding {
  const waiting = (agent: string) => questions.list({ state: 'pending', agent, limit: PAGE });
  return {
    name: 'approvals',
    list: async (agent) => (await waiting(agent)).map(({ id }) => id),
    async end(agent) {
      for (const { id } of await waiting(agent)) await questions.withdraw(id, ACT.by, ACT.reason);
    },
  };
}

function locks({ revocation }: HoldingParts): Holding {
  const theirs = (agent: string) =>
    revocation.locks().filter(({ target }) => target.kind === 'agent' && target.id === agent);
  return {
    name: 'locks',
    list: async (agent) => theirs(agent).map(({ tier, reason }) => `${tier}: ${reason}`),
    async end(agent) {
      for (const { target } of theirs(agent)) await revocation.release(target);
    },
  };
}

/** Accounts connected for the agent itself, and what is in memory for it now. Those of people stay theirs. */
function upstream({ credentials }: HoldingParts): Holding {
  return {
    name: 'upstream credentials',
    async list(agent) {
      const { connections, held } = await credentials.heldBy({ agent });
      return [
        ...connections.map(({ server }) => `account at ${server}`),
        ...held.map(({ server }) => `token for ${server}`),
      ];
    },
    async end(agent) {
      await credentials.endFor({ agent });
    },
  };
}
