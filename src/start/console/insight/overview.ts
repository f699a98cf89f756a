import type { Attention, Drill, Overview } from '../../../model/insight/overview.ts';
import type { Lock } from '../../../model/lock.ts';
import { knownTools } from './agents/abilities.ts';
import { type Counts, openCensus } from './agents/census.ts';
import { DAY_MS, type InsightParts, kept } from './parts.ts';
import type { Posture } from './posture/posture.ts';
import { secretsOf } from './secrets.ts';

export interface OverviewParts extends InsightParts {
  readonly drills: () => Promise<readonly Drill[]>;
  readonly posture: Pick<Posture, 'latest'>;
}

/** What is read from the store for it, at most this often. */
const STORE_EVERY_MS = 5_000;
const CREDENTIALS_EVERY_MS = 60_000;

interface Stored {
  readonly pending: number;
  readonly credentials: number;
  readonly drill: Drill | null;
  readonly active24h: number;
}

/** The three questions, what needs attention, and whether records are kept. Asked by every open page every few seconds. */
export function openOverview(parts: OverviewParts): () => Promise<Overview> {
  const { live, gateway, stores } = parts;
  const census = openCensus(live.directory, () => gateway.clock.nowMs());
  const nowMs = (): number => gateway.clock.nowMs();
  const credentials = kept(() => countOf(secretsOf(stores.secrets, 'upstream-token')), {
    nowMs,
    forMs: CREDENTIALS_EVERY_MS,
  });
  const stored = kept(() => read(parts, credentials), { nowMs, forMs: STORE_EVERY_MS });
  return async () => {
    const [counts, store] = await Promise.all([census(), stored()]);
    const { ending: _ending, ...agents } = counts;
    const { state, message, size } = gateway.journal.health();
    return {
      atMs: gateway.clock.nowMs(),
      agents: { ...agents, active24h: store.active24h },
      connections: connectionsOf(parts, store),
      abilities: abilitiesOf(parts),
      attention: attentionOf(parts, { counts, store, bad: badAnswers(parts) }),
      journal: { state, message, records: size },
      lastDrill: store.drill,
    };
  };
}

async function read({ gateway, drills, activity }: OverviewParts, credentials: () => Promise<number>): Promise<Stored> {
  const [pending, accounts, [drill = null], active24h] = await Promise.all([
    gateway.approvals.count({ state: 'pending' }),
    credentials(),
    drills(),
    // An index that is being made, or that cannot be, is no reason to see nothing.
    activity.active24h().catch(() => 0),
  ]);
  return { pending, credentials: accounts, drill, active24h };
}

function badAnswers({ posture }: OverviewParts): number {
  return posture.latest().filter(({ state }) => state === 'bad').length;
}

function overdueReviews({ live, gateway }: OverviewParts): number {
  const nowMs = gateway.clock.nowMs();
  let count = 0;
  for (const { body } of live.directory.stored('review'))
    if (body.state === 'open' && typeof body.dueAtMs === 'number' && body.dueAtMs < nowMs) count++;
  return count;
}

function serversDown({ gateway }: OverviewParts): readonly string[] {
  return [...gateway.snapshot().servers.values()]
    .filter(({ upstream }) => upstream.health().state === 'down')
    .map(({ id }) => id);
}

function connectionsOf(parts: OverviewParts, { credentials }: Stored): Overview['connections'] {
  const { live, gateway } = parts;
  return {
    servers: gateway.snapshot().servers.size,
    serversFailing: serversDown(parts).length,
    tools: gateway.inventory.known().length,
    agentToAgent: [...live.directory.connections()].length,
    brokeredCredentials: credentials,
  };
}

function abilitiesOf({ gateway }: OverviewParts): Overview['abilities'] {
  const { version, rules } = gateway.snapshot().policies;
  const toolsByEffect: Record<string, number> = {};
  for (const { labels } of gateway.inventory.known())
    toolsByEffect[labels.effect] = (toolsByEffect[labels.effect] ?? 0) + 1;
  return {
    ...{ policies: rules.length, policyVersion: version, toolsByEffect },
    asking: rules.filter(({ ask }) => ask !== null).length,
    forbidding: rules.filter(({ policy }) => policy.effect === 'forbid').length,
  };
}

const URGENCY: readonly Attention['severity'][] = ['critical', 'high', 'medium', 'low'];

function attentionOf(
  parts: OverviewParts,
  { counts, store: { pending }, bad }: { readonly counts: Counts; readonly store: Stored; readonly bad: number },
): readonly Attention[] {
  const { gateway } = parts;
  const { state, message } = gateway.journal.health();
  const down = serversDown(parts);
  const held = knownTools(parts).filter(({ pin }) => pin === 'quarantined').length;
  const orphaned = counts.byState.orphaned ?? 0;
  const overdue = overdueReviews(parts);
  const all: readonly Attention[] = [
    {
      ...{ kind: 'journal', severity: 'critical', count: state === 'ok' ? 0 : 1, href: '/console/audit' },
      text: message ?? `The journal is ${state}: calls are refused.`,
    },
    ...locked(gateway.revocation.locks()),
    {
      ...{ kind: 'server-failing', severity: 'high', count: down.length, href: '/console/servers' },
      text: `${down.slice(0, 3).join(', ')}${down.length > 3 ? ' and more' : ''} ${one(down.length, 'does', 'do')} not answer`,
    },
    {
      ...{ kind: 'approvals', severity: 'high', count: pending, href: '/console/approvals' },
      text: `${pending} ${one(pending, 'question waits', 'questions wait')} for people`,
    },
    {
      ...{ kind: 'orphaned', severity: 'high', count: orphaned, href: '/console/agents?state=orphaned' },
      text: `${orphaned} ${one(orphaned, 'agent has', 'agents have')} lost their owner`,
    },
    {
      ...{ kind: 'posture', severity: 'high', count: bad, href: '/console/posture' },
      text: `${bad} posture ${one(bad, 'answer is', 'answers are')} bad`,
    },
    {
      ...{ kind: 'quarantined', severity: 'medium', count: held, href: '/console/servers?tab=tools&state=quarantined' },
      text: `${held} ${one(held, 'tool is', 'tools are')} held back until somebody looks`,
    },
    {
      ...{ kind: 'reviews-overdue', severity: 'medium', count: overdue, href: '/console/reviews' },
      text: `${overdue} access ${one(overdue, 'review is', 'reviews are')} past the day`,
    },
    {
      ...{ kind: 'expiring', severity: 'low', count: counts.ending, href: endingHref(gateway.clock.nowMs()) },
      text: `${counts.ending} ${one(counts.ending, 'agent ends', 'agents end')} within two weeks`,
    },
  ];
  return all
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => URGENCY.indexOf(a.severity) - URGENCY.indexOf(b.severity));
}

/** A halt of everything is an emergency; a lock on something is the work of the day. */
function locked(locks: readonly Lock[]): readonly Attention[] {
  const of = (test: (lock: Lock) => boolean): number => locks.filter(test).length;
  const everything = of(({ target, tier }) => target.kind === 'all' && tier !== 'watch');
  const stopped = of(({ tier }) => tier !== 'watch') - everything;
  const watched = of(({ tier }) => tier === 'watch');
  const href = '/console/stop';
  return [
    { kind: 'locked', severity: 'critical', count: everything, text: 'Everything is stopped', href },
    {
      kind: 'locked',
      severity: 'medium',
      count: stopped,
      text: `${stopped} ${one(stopped, 'lock stops', 'locks stop')} somebody or something`,
      href,
    },
    {
      kind: 'locked',
      severity: 'low',
      count: watched,
      text: `${watched} ${one(watched, 'lock only watches', 'locks only watch')}`,
      href,
    },
  ];
}

function endingHref(nowMs: number): string {
  return `/console/agents?state=active&expiresBeforeMs=${nowMs + 14 * DAY_MS}`;
}

async function countOf(rows: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _row of rows) count++;
  return count;
}

function one(count: number, singular: string, plural: string): string {
  return count === 1 ? singular : plural;
}
