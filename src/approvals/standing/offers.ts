import { amountText } from '../../model/amount.ts';
import type { ShownRequest, StandingTerms } from '../../model/approval.ts';
import type { Json } from '../../model/json.ts';
import { escapePointer, resolvePointer, topOf } from '../../model/pointer.ts';
import { RECORDED_ARGS_CHARS } from '../../model/record.ts';
import { visibleText } from '../../model/visible.ts';

/** What an approver may let through besides the one call, ready to be chosen. */
export interface StandingOffer {
  /** Stable, e.g. `same-session`. */
  readonly key: string;
  /** For people; values an agent chose are made visible in it. */
  readonly label: string;
  readonly terms: StandingTerms;
}

export interface OfferTime {
  readonly nowMs: number;
  /** The longest a standing approval lasts (`approvals.standing.maxMs`). */
  readonly maxMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The narrow rules this request can become. Never wider than one agent for one person on one tool, never without an end. What cannot be
 * undone or leaves the house is offered with exactly these arguments only; what no record may hold is not offered at all, because a rule
 * names its arguments.
 */
export function standingOffers(shown: ShownRequest, at: OfferTime): readonly StandingOffer[] {
  if (!mayStand(shown) || at.maxMs <= 0 || JSON.stringify(shown.arguments).length > RECORDED_ARGS_CHARS) return [];
  const spans = spansOf(shown, at);
  const same = spans.map((span) =>
    offer('same', span, { shown, fixed: fixedBut(shown, []), free: [], maxAmount: null }),
  );
  if (!mayVary(shown)) return same;
  return [...same, ...upToAmount(shown, spans), ...wholeTool(shown, spans)];
}

/** A call of a tool with nothing but arguments that records may hold. */
export function mayStand({ action, target, unrecorded, also }: ShownRequest): boolean {
  return action === 'tools/call' && target !== null && unrecorded === null && also === undefined;
}

/** Ordinary work: whatever is not plainly labelled as that may not vary. */
export function mayVary({ effect, reversible, dataClass }: ShownRequest): boolean {
  if (dataClass === null || dataClass === 'restricted') return false;
  return effect === 'read' || (effect === 'write' && reversible === true);
}

interface Span {
  readonly key: 'session' | 'task' | 'hour' | 'day';
  readonly words: string;
  readonly session: string | null;
  readonly task: string | null;
  readonly notAfterMs: number;
}

function spansOf({ session, task }: ShownRequest, { nowMs, maxMs }: OfferTime): readonly Span[] {
  const span = (key: Span['key'], ms: number, only: Partial<Pick<Span, 'session' | 'task'>>): Span => {
    const lastsMs = Math.min(ms, maxMs);
    return {
      key,
      words: WHERE[key] + durationWords(lastsMs),
      session: null,
      task: null,
      ...only,
      notAfterMs: nowMs + lastsMs,
    };
  };
  return [
    ...(session.id === null ? [] : [span('session', DAY_MS, { session: session.id })]),
    ...(task === null ? [] : [span('task', DAY_MS, { task: task.id })]),
    span('hour', HOUR_MS, {}),
    ...(maxMs > HOUR_MS ? [span('day', DAY_MS, {})] : []),
  ];
}

const WHERE: Readonly<Record<Span['key'], string>> = {
  session: 'in this session, for at most ',
  task: 'in this task, for at most ',
  hour: 'in any session, for ',
  day: 'in any session, for ',
};

function durationWords(ms: number): string {
  const [count, unit] = ms >= HOUR_MS ? [Math.floor(ms / HOUR_MS), 'hour'] : [Math.ceil(ms / 60_000), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

interface Rule {
  readonly shown: ShownRequest;
  readonly fixed: StandingTerms['fixed'];
  readonly free: readonly string[];
  readonly maxAmount: number | null;
}

/** The same arguments, but for an amount that may be smaller: where one argument of its own holds it, and it is known. */
function upToAmount(shown: ShownRequest, spans: readonly Span[]): StandingOffer[] {
  const name = amountArgument(shown);
  if (name === null || shown.amount === null || shown.amount <= 0) return [];
  const rule = { shown, fixed: fixedBut(shown, [name]), free: [name], maxAmount: shown.amount };
  return spans.map((span) => offer('amount', span, rule));
}

/** The tool, in this session or task only; what an operator mapped as a fact (currency, recipient, …) stays, the amount is a ceiling. */
function wholeTool(shown: ShownRequest, spans: readonly Span[]): StandingOffer[] {
  const mapped = shown.mapped ?? {};
  if (mapped.amount !== undefined && (shown.amount === null || shown.amount <= 0)) return [];
  const fixed: Record<string, Json> = {};
  for (const [fact, pointer] of Object.entries(mapped)) {
    if (fact === 'amount' || pointer === undefined) continue;
    const value = resolvePointer(shown.arguments, pointer);
    // A fact that is not there now must not appear later.
    if (value === undefined) return [];
    fixed[pointer] = value;
  }
  const free = Object.keys(shown.arguments).filter((name) => fixed[`/${escapePointer(name)}`] === undefined);
  if (free.length === 0) return [];
  const rule = { shown, fixed, free, maxAmount: shown.amount };
  return spans.filter(({ key }) => key === 'session' || key === 'task').map((span) => offer('tool', span, rule));
}

/** The top-level argument the amount is read from; `null` where it is none of its own. */
export function amountArgument({ mapped, arguments: args }: ShownRequest): string | null {
  const pointer = mapped?.amount;
  if (pointer === undefined) return null;
  const name = topOf(pointer);
  return name !== null && pointer === `/${escapePointer(name)}` && Object.hasOwn(args, name) ? name : null;
}

function fixedBut(shown: ShownRequest, free: readonly string[]): StandingTerms['fixed'] {
  const fixed: Record<string, Json> = {};
  for (const [name, value] of Object.entries(shown.arguments)) {
    if (value !== undefined && !free.includes(name)) fixed[`/${escapePointer(name)}`] = value;
  }
  return fixed;
}

function offer(kind: 'same' | 'amount' | 'tool', span: Span, { shown, fixed, free, maxAmount }: Rule): StandingOffer {
  const { session, task, notAfterMs } = span;
  const terms: StandingTerms = {
    agent: shown.agent.id,
    subject: shown.subject?.id ?? null,
    server: shown.server,
    target: shown.target as string,
    session,
    task,
    fixed,
    free,
    maxAmount,
    notAfterMs,
  };
  return { key: `${kind}-${span.key}`, label: `${labelOf(kind, shown, maxAmount)}, ${span.words}`, terms };
}

function labelOf(kind: 'same' | 'amount' | 'tool', shown: ShownRequest, maxAmount: number | null): string {
  const currency = shown.currency === null ? '' : ` ${visibleText(shown.currency, { maxChars: 12 })}`;
  const most = maxAmount === null ? '' : `up to ${amountText(maxAmount)}${currency} a call`;
  if (kind === 'same') return 'Exactly these arguments';
  if (kind === 'amount') return `These arguments, ${most}`;
  const tool = visibleText(`${shown.server}/${shown.target}`, { maxChars: 120 });
  return most === '' ? `Any arguments of ${tool}` : `Any arguments of ${tool}, ${most}`;
}
