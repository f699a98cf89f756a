import type { Agent } from '../../../../model/agent.ts';
import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { DAY_MS } from '../parts.ts';
import { bad, good, many, named, type Said, warn } from './answers.ts';
import { type Facts, LOOKED_AT, UNUSED_MS } from './gather.ts';

/** What can be asked of agents. */
export function agentAnswers(facts: Facts): readonly PostureAnswer[] {
  return CHECKS.map(({ id, question, check }) => ({ advice: null, href: null, id, question, ...check(facts) }));
}

export interface Check {
  readonly id: string;
  readonly question: string;
  readonly check: (facts: Facts) => Said;
}

const ids = (agents: readonly Agent[]): readonly string[] => agents.map(({ id }) => id);

const CHECKS: readonly Check[] = [
  { id: 'owners', question: 'Does somebody answer for every agent?', check: owners },
  { id: 'no-end', question: 'Do agents of high risk end by themselves?', check: noEnd },
  { id: 'unused', question: 'Is every active agent used?', check: unused },
  {
    id: 'risky',
    question: 'Is anybody asked before an agent does what cannot be undone or leaves the house?',
    check: risky,
  },
  { id: 'wide-scopes', question: 'Is every agent limited to some servers or rights?', check: wideScopes },
  { id: 'static-tokens', question: 'Does every agent prove itself with a key?', check: staticTokens },
  { id: 'anonymous', question: 'Does every caller say who it is?', check: anonymous },
];

function owners({ active, ownerless }: Facts): Said {
  if (ownerless.length === 0) return good(`Each of the ${many(active.length, 'active agent')} has an active owner.`);
  return bad(
    `${many(ownerless.length, 'agent has', 'agents have')} no active owner: ${named(ids(ownerless))}.`,
    'Give them to somebody, or decommission them. Until then they are refused.',
    '/console/agents?state=orphaned',
  );
}

function noEnd({ active }: Facts): Said {
  const risky = active.filter(({ riskTier }) => riskTier === 'high' || riskTier === 'critical');
  const endless = risky.filter(({ expiresAtMs }) => expiresAtMs === null);
  if (endless.length === 0)
    return good(
      risky.length === 0 ? 'No active agent is of high or critical risk.' : `Each of the ${risky.length} ends.`,
    );
  return warn(
    `${endless.length} of ${many(risky.length, 'agent')} of high or critical risk never ${endless.length === 1 ? 'ends' : 'end'}: ${named(ids(endless))}.`,
    'Give each a day on which somebody has to want it again.',
    '/console/agents?state=active&riskTier=high',
  );
}

function unused({ unused: found, active, recordsSinceMs, nowMs }: Facts): Said {
  const days = UNUSED_MS / DAY_MS;
  if (found === null) {
    const since = Math.floor((nowMs - recordsSinceMs) / DAY_MS);
    return good(`The records begin ${since === 0 ? 'less than a day' : many(since, 'day')} ago: too early to say.`);
  }
  const looked = active.length > LOOKED_AT ? ` of the ${LOOKED_AT} of highest risk` : '';
  if (found.length === 0) return good(`Every active agent${looked} called something within ${days} days.`);
  return warn(
    `${many(found.length, 'active agent')}${looked} called nothing for ${days} days: ${named(ids(found))}.`,
    'What nobody uses, nobody misses: suspend it, then decommission it.',
    '/console/agents?state=active',
  );
}

function risky({ unasked, lookedAt, active }: Facts): Said {
  const looked = lookedAt < active.length ? ` of the ${lookedAt} looked at` : '';
  if (unasked.length === 0)
    return good(
      'No policy lets an agent use destructive, external or credential tools without a condition or a question.',
    );
  const examples = unasked.map(({ agent, tool }) => `${agent} (${tool})`);
  return warn(
    `${many(unasked.length, 'agent')}${looked} may use destructive, external or credential tools without a condition, and nobody is asked: ${named(examples)}.`,
    'Ask somebody (@ask), or bind it to conditions.',
    unasked.length === 1 ? `/console/agents/${unasked[0]?.agent}` : '/console/agents?state=active',
  );
}

function wideScopes({ active }: Facts): Said {
  const wide = active.filter(({ scopes }) => scopes?.includes('*:all') === true);
  const open = active.filter(({ scopes, servers }) => scopes === null && servers === null).length;
  const unlimited =
    open === 0 ? '' : ` ${many(open, 'agent has', 'agents have')} no limit of their own: policies alone decide.`;
  if (wide.length === 0)
    return open === 0 ? good('Each has servers or scopes of its own.') : good(`No agent holds *:all.${unlimited}`);
  return warn(
    `${many(wide.length, 'agent holds', 'agents hold')} the scope *:all: ${named(ids(wide))}.${unlimited}`,
    'Grant what the agent needs: interlock agents update <id> --scope crm:read.',
    '/console/agents?state=active',
  );
}

function staticTokens({ staticTokens: count, config }: Facts): Said {
  if (!config.development.allowStaticTokens) return good('Development tokens are off.');
  if (count === 0)
    return warn(
      'Development tokens are allowed, and no agent has one.',
      'Remove development.allowStaticTokens.',
      '/console/settings',
    );
  return bad(
    `${many(count, 'agent has a', 'agents have a')} development token, which whoever reads it can use.`,
    'Give each agent a key, and remove development.allowStaticTokens.',
    '/console/agents?origin=configuration',
  );
}

function anonymous({ config }: Facts): Said {
  const { anonymousAgent } = config.development;
  if (anonymousAgent === null) return good('Nobody calls without proof of who they are.');
  return bad(
    `Whoever sends no credential calls as ${anonymousAgent}.`,
    'Remove development.anonymousAgent.',
    `/console/agents/${anonymousAgent}`,
  );
}
