import { rollOf } from '../../../../identity/directory/roll.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { LockEffect, LockPreview } from '../../../../model/insight/agents.ts';
import { formatTarget, type LockTarget, type Tier } from '../../../../model/lock.ts';
import type { ApprovalRow, ApprovalState } from '../../../../ports/stores.ts';
import { questionHit, sessionHit } from '../../../approvals/halt.ts';
import { type InsightParts, inTurns } from '../parts.ts';

const MAX_CALLS = 100;
const EXAMPLES = 5;
const PAGE = 500;
/** Questions looked at; a halt looks at all of them. */
const MAX_PAGES = 40;

/** What there is that a lock could reach, found the way the lock finds it. */
interface Found {
  readonly target: LockTarget;
  readonly agents: readonly Agent[];
  readonly active: number;
  readonly calls: LockPreview['inFlight'];
  readonly callsTotal: number;
  readonly callsElsewhere: number;
  /** Other agents whose open sessions it reaches: they act through it, or for that person. */
  readonly through: readonly string[];
  readonly sessions: readonly string[];
  readonly sessionsElsewhere: number;
  readonly taken: readonly string[];
  readonly open: number;
  readonly tasks: readonly string[];
  readonly connections: readonly string[];
  readonly credentials: readonly string[];
}

/** Exactly what a lock would cut and what not, from what is there now. Changes nothing. */
export async function preview(parts: InsightParts, order: { target: LockTarget; tier: Tier }): Promise<LockPreview> {
  const { target, tier } = order;
  const found = await find(parts, target);
  const written = formatTarget(target);
  const existing = parts.gateway.revocation.locks().find((lock) => formatTarget(lock.target) === written) ?? null;
  const { cuts, spares } = EFFECTS[tier](found);
  const some = ({ count }: LockEffect): boolean => count > 0;
  return {
    ...{ target: written, tier, existing, needsStepUp: target.kind === 'all' },
    cuts: cuts.filter(some),
    spares: spares.filter(some),
    inFlight: found.calls,
    inFlightTotal: found.callsTotal,
  };
}

async function find(parts: InsightParts, target: LockTarget): Promise<Found> {
  const { gateway, live, mcp } = parts;
  const matching = gateway.revocation.inFlight(target);
  const hit = sessionHit(target);
  const open = mcp.open();
  const hitSessions = hit === null ? [] : open.filter(({ state, caller }) => hit(state, caller));
  const { agents, active } = await agentsOf(parts, target);
  const ids = new Set(agents.map(({ id }) => id));
  const questions = await questionsOf(parts, target, ids);
  return {
    ...{ target, agents, active, callsTotal: matching.length },
    calls: matching.slice(0, MAX_CALLS).map(({ agent, server, tool, session, through }) => {
      return { agent, server, tool, session, through: through.map((each) => each.agent) };
    }),
    callsElsewhere: gateway.revocation.status().inFlight - matching.length,
    through: [...new Set(hitSessions.map(({ caller }) => caller.agent.id))].filter((id) => !ids.has(id)).toSorted(),
    sessions: hitSessions.map(({ state, caller }) => `${caller.agent.id}: ${state.id}`),
    sessionsElsewhere: open.length - hitSessions.length,
    taken: questions.taken.map(questionName),
    open: questions.open,
    tasks: tasksOf(parts, target, ids),
    connections: [...live.directory.connections()]
      .filter(({ from, to }) => target.kind === 'all' || ids.has(from) || ids.has(to))
      .map(({ from, to }) => `${from} to ${to}`),
    credentials: await credentialsOf(parts, target, ids),
  };
}

function questionName({ agent, id }: ApprovalRow): string {
  return `${agent}: ${id}`;
}

/** The agents that stop themselves, as against those some of whose calls do. */
async function agentsOf({ live }: InsightParts, { kind, id }: LockTarget): Promise<Pick<Found, 'agents' | 'active'>> {
  const { directory } = live;
  const agents: Agent[] = [];
  let active = 0;
  await inTurns(await rollOf(directory).ready(), ({ agent }) => {
    if (agent.state !== 'active') return;
    active++;
    const own = kind === 'agent' ? agent.id === id : kind === 'owner' ? agent.owner === id : kind === 'all';
    if (own) agents.push(agent);
  });
  return { agents, active };
}

async function questionsOf(
  { gateway }: InsightParts,
  target: LockTarget,
  agents: ReadonlySet<string>,
): Promise<{ readonly taken: readonly ApprovalRow[]; readonly open: number }> {
  const hit = questionHit(target);
  const { kind } = target;
  const reached = hit ?? ((row: ApprovalRow) => kind === 'all' || (kind === 'owner' && agents.has(row.agent)));
  if (hit === null && kind !== 'all' && kind !== 'owner') return { taken: [], open: 0 };
  const rows: ApprovalRow[] = [];
  for (const state of ['pending', 'approved'] as const) {
    for await (const row of rowsOf(gateway, { state })) if (reached(row)) rows.push(row);
  }
  return hit === null ? { taken: [], open: rows.length } : { taken: rows, open: 0 };
}

async function* rowsOf(
  { approvals }: InsightParts['gateway'],
  filter: { readonly state: ApprovalState },
): AsyncGenerator<ApprovalRow> {
  let before: { requestedAtMs: number; id: string } | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const rows = await approvals.list({ ...filter, limit: PAGE, ...(before === undefined ? {} : { before }) });
    yield* rows;
    const last = rows.at(-1);
    if (rows.length < PAGE || last === undefined) return;
    before = { requestedAtMs: last.requestedAtMs, id: last.id };
  }
}

function tasksOf({ live }: InsightParts, { kind, id }: LockTarget, agents: ReadonlySet<string>): readonly string[] {
  const { directory } = live;
  const within = (task: string | null, seen = 0): boolean => {
    if (task === id) return true;
    const parent = task === null || seen > 32 ? null : (directory.task(task)?.parent ?? null);
    return parent !== null && within(parent, seen + 1);
  };
  const reached = ({ agent, subject, id: own }: { agent: string; subject: string | null; id: string }): boolean => {
    if (kind === 'all') return true;
    if (kind === 'task') return within(own);
    return kind === 'user' ? subject === id : agents.has(agent);
  };
  return [...directory.tasks()].filter((task) => task.state === 'open' && reached(task)).map((task) => task.id);
}

/** Accounts that are connected and tokens in memory: a lock ends none of them. */
async function credentialsOf(
  { credentials }: InsightParts,
  { kind, id }: LockTarget,
  agents: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (kind === 'session' || kind === 'tool') return [];
  const who = { agent: { agent: id }, user: { person: id }, task: { task: id }, server: { server: id } };
  const { connections, held } = await credentials.heldBy(who[kind as keyof typeof who] ?? {});
  const theirs = (agent: string | null): boolean => kind !== 'owner' || (agent !== null && agents.has(agent));
  const agentOf = (owner: string): string | null => (owner.startsWith('agent:') ? owner.slice(6) : null);
  return [
    ...connections.filter(({ owner }) => theirs(agentOf(owner))).map(({ server }) => `account at ${server}`),
    ...held.filter(({ agent }) => theirs(agent)).map(({ server }) => `token for ${server}`),
  ];
}

function effect(kind: LockEffect['kind'], what: readonly string[] | number, text: string): LockEffect {
  const count = typeof what === 'number' ? what : what.length;
  return { kind, count, text, examples: typeof what === 'number' ? [] : what.slice(0, EXAMPLES) };
}

type Effects = (found: Found) => { readonly cuts: readonly LockEffect[]; readonly spares: readonly LockEffect[] };

const callNames = ({ calls }: Found): readonly string[] =>
  calls.map(({ agent, server, tool }) => `${agent}: ${tool ?? server}`);

/** Counted exactly, named as far as they are listed. */
function calls(found: Found, text: string): LockEffect {
  return { ...effect('call', callNames(found), text), count: found.callsTotal };
}

function untouched(found: Found): readonly LockEffect[] {
  return [
    effect('everything-else', found.active - found.agents.length, OTHERS[found.target.kind] ?? 'Other agents go on.'),
    effect('call', found.callsElsewhere, 'Calls of others that are under way go on.'),
    effect('session', found.sessionsElsewhere, 'Other sessions stay open.'),
    effect(
      'credential',
      found.credentials,
      'Connected accounts and tokens are kept, and work again after the release. To end them, revoke them.',
    ),
  ];
}

const OTHERS: Partial<Record<LockTarget['kind'], string>> = {
  tool: 'Agents go on with everything but this tool.',
  server: 'Agents go on with everything but this server.',
  session: 'Agents go on in every other session.',
  task: 'Agents go on with everything but this task.',
  user: 'Agents go on for everybody else, and on their own.',
};

/** What is refused of agents that are not stopped themselves. */
const THROUGH: Partial<Record<LockTarget['kind'], string>> = {
  agent: 'What these agents do through it is refused too, whoever handed it on to them. What else they do goes on.',
  owner: 'What these agents do through them is refused too. What else they do goes on.',
  user: 'What these agents do for this person is refused, however far it was handed on.',
};

function refused({ target, agents, through, tasks, connections }: Found): readonly LockEffect[] {
  const words = THROUGH[target.kind];
  return [
    effect(
      'agent',
      agents.map(({ id }) => id),
      'Every new call is refused, also what others do through them.',
    ),
    ...(words === undefined ? [] : [effect('agent', through, words)]),
    effect('task', tasks, 'Nothing more can be done in these tasks until the release.'),
    effect('delegation', connections, 'Nothing can be handed on over these connections until the release.'),
  ];
}

/** Each as the kill switch does it (`revocation/`, `start/watch-over.ts`). */
const EFFECTS: Readonly<Record<Tier, Effects>> = {
  halt: (found) => ({
    cuts: [
      ...refused(found),
      calls(found, 'Calls under way are aborted at once. What the server has done already stays done.'),
      effect('session', found.sessions, 'Sessions end, and cannot be gone on with.'),
      effect('approval', found.taken, 'Questions are taken back, and approvals nothing has used yet.'),
    ],
    spares: [
      ...untouched(found),
      effect('approval', found.open, 'Questions stay open. What they let through waits for the release.'),
    ],
  }),
  pause: (found) => ({
    cuts: [...refused(found)],
    spares: [
      calls(
        found,
        'Calls the server has already may finish. One that still waits for people is refused when they answer.',
      ),
      effect('session', found.sessions, 'Sessions stay open.'),
      effect('approval', found.taken, 'Questions stay open. What they let through waits for the release.'),
      effect('approval', found.open, 'Questions stay open. What they let through waits for the release.'),
      ...untouched(found),
    ],
  }),
  watch: (found) => ({
    cuts: [],
    spares: [
      effect(
        'agent',
        found.agents.map(({ id }) => id),
        'They go on. Every record says that they are watched, and policies see it.',
      ),
      calls(found, 'Calls under way go on.'),
      effect('session', found.sessions, 'Sessions stay open.'),
      effect('approval', [...found.taken], 'Questions stay open, and count.'),
      ...untouched(found),
    ],
  }),
};
