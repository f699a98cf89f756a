import type { Agent } from '../../../../src/model/agent.ts';
import { formatTarget, type Lock, type LockKind, parseTarget, type Tier } from '../../../../src/model/lock.ts';

export const TIER_WORDS: Readonly<
  Record<Tier, { readonly name: string; readonly does: string; readonly done: string }>
> = {
  watch: { name: 'Watch', does: 'Everything goes on; every record is flagged.', done: 'is watched' },
  pause: { name: 'Pause', does: 'New calls are refused. What is under way may finish.', done: 'is paused' },
  halt: {
    name: 'Halt',
    does: 'Calls under way are cut off at once, sessions end, new calls are refused.',
    done: 'is halted',
  },
};

export interface KindWords {
  readonly kind: LockKind;
  readonly name: string;
  readonly id: string;
  readonly hint: string;
}

/** Everything a lock can be on, the narrowest first. */
export const KINDS: readonly KindWords[] = [
  { kind: 'agent', name: 'An agent', id: 'Agent', hint: 'All it does, and all it handed on to other agents.' },
  {
    kind: 'session',
    name: 'A session',
    id: 'Session',
    hint: 'One session of one agent; its id stands in every record.',
  },
  { kind: 'task', name: 'A task', id: 'Task', hint: 'The task and those that are part of it.' },
  { kind: 'tool', name: 'A tool', id: 'Tool', hint: 'Written server/tool. For every agent.' },
  { kind: 'server', name: 'A server', id: 'Server', hint: 'All of its tools, for every agent.' },
  { kind: 'owner', name: 'All agents of an owner', id: 'Owner', hint: 'Every agent this person owns.' },
  {
    kind: 'user',
    name: 'Everything for a person',
    id: 'Person',
    hint: 'Whatever any agent does on this person’s authority.',
  },
  { kind: 'all', name: 'Everything', id: '', hint: 'Every agent, every server. Needs your passkey.' },
];

/** `agent:buyer` of what was chosen and typed; `null`: not yet one. */
export function targetOf(kind: LockKind, id: string): string | null {
  const text = id.trim();
  if (kind === 'all') return 'all';
  if (text === '') return null;
  const target = parseTarget(`${kind}:${text}`);
  return target === null ? null : formatTarget(target);
}

const PHRASES: Readonly<Record<LockKind, (id: string) => string>> = {
  agent: (id) => `agent ${id}`,
  owner: (id) => `all agents of ${id}`,
  user: (id) => `everything for ${id}`,
  session: (id) => `session ${id}`,
  task: (id) => `task ${id}`,
  tool: (id) => `tool ${id}`,
  server: (id) => `server ${id}`,
  all: () => 'everything',
};

/** A target as it stands in a sentence. */
export function phraseOf(target: string): string {
  const parsed = parseTarget(target);
  return parsed === null ? target : PHRASES[parsed.kind](parsed.id);
}

/** Where a target has a page of its own. */
export function pageOf({ kind, id }: Lock['target']): { readonly to: string; readonly id: string } | null {
  if (kind === 'agent') return { to: '/agents/$id', id };
  if (kind === 'owner' || kind === 'user') return { to: '/people/$id', id };
  if (kind === 'server') return { to: '/servers/$id', id };
  if (kind === 'tool') return { to: '/servers/$id', id: id.slice(0, id.indexOf('/')) };
  return kind === 'session' ? { to: '/sessions/$id', id } : null;
}

const HARDEST_FIRST: readonly Tier[] = ['halt', 'pause', 'watch'];

/** Locks that concern an agent as a whole: on it, on its owner, on everything; the hardest first, those on itself before others. */
export function locksOn({ id, owner }: Pick<Agent, 'id' | 'owner'>, locks: readonly Lock[]): readonly Lock[] {
  const own = ({ kind }: Lock['target']): number => (kind === 'agent' ? 0 : 1);
  return locks
    .filter(
      ({ target }) =>
        target.kind === 'all' ||
        (target.kind === 'agent' && target.id === id) ||
        (target.kind === 'owner' && target.id === owner),
    )
    .sort((a, b) => HARDEST_FIRST.indexOf(a.tier) - HARDEST_FIRST.indexOf(b.tier) || own(a.target) - own(b.target));
}

export const DURATIONS: readonly (readonly [string, string])[] = [
  ['', 'Until it is released'],
  ['900000', '15 minutes'],
  ['3600000', '1 hour'],
  ['28800000', '8 hours'],
  ['86400000', '1 day'],
  ['604800000', '1 week'],
];
