import type { PolicyInput, SessionFacts, UsageFacts, UsageWindow } from '../../model/policy-input.ts';
import { DAY_MS, DatetimeValue } from '../cedar/extensions/datetime.ts';
import { DecimalValue } from '../cedar/extensions/decimal.ts';
import { CedarRecord, CedarSet, EntityRef, type Value } from '../cedar/value/values.ts';
import { argumentsEntity, numbersEntity } from './arguments.ts';
import type { World } from './world.ts';

/** What the facts of one question are computed from, when a policy reads them. */
export interface Question {
  readonly input: PolicyInput;
  readonly world: World;
  readonly server: EntityRef;
}

type Readers<S> = ReadonlyMap<string, (source: S) => Value | undefined>;

/** Null means absent. */
function optional<T>(value: T | null, make: (value: T) => Value): Value | undefined {
  return value === null ? undefined : make(value);
}

const HOUR_MS = 3_600_000;

const WINDOW: Readers<UsageWindow> = new Map<string, (window: UsageWindow) => Value>([
  ['callsLastMinute', (w) => w.callsLastMinute],
  ['callsLastHour', (w) => w.callsLastHour],
  ['callsLastDay', (w) => w.callsLastDay],
  ['callsTotal', (w) => w.callsTotal],
  ['spentLastDay', (w) => new DecimalValue(w.spentLastDay)],
]);

const USAGE: Readers<UsageFacts> = new Map<string, (usage: UsageFacts) => Value | undefined>([
  ['agent', (u) => CedarRecord.lazy(WINDOW, u.agent)],
  ['session', (u) => CedarRecord.lazy(WINDOW, u.session)],
  ['task', (u) => optional(u.task, (window) => CedarRecord.lazy(WINDOW, window))],
]);

const SESSION: Readers<SessionFacts> = new Map<string, (session: SessionFacts) => Value | undefined>([
  ['id', (s) => optional(s.id, (id) => new EntityRef('Session', id, null))],
  ['startedAt', (s) => new DatetimeValue(s.startedAtMs)],
  ['calls', (s) => s.calls],
  ['denied', (s) => s.denied],
  ['asked', (s) => s.asked],
  ['reads', (s) => s.reads],
  ['writes', (s) => s.writes],
  ['destructive', (s) => s.destructive],
  ['external', (s) => s.external],
  ['toolsCalled', (s) => CedarSet.ofStrings(s.toolsCalled)],
  ['readUntrusted', (s) => s.readUntrusted],
  ['highestDataClass', (s) => s.highestDataClass ?? undefined],
]);

/** Every fact of the schema's `Facts`. A test holds this table and the schema together. */
const CONTEXT: Readers<Question> = new Map<string, (question: Question) => Value | undefined>([
  ['amount', (q) => optional(q.input.facts.amount, (units) => new DecimalValue(units))],
  ['currency', (q) => q.input.facts.currency ?? undefined],
  ['quantity', (q) => q.input.facts.quantity ?? undefined],
  ['environment', (q) => q.input.facts.environment ?? undefined],
  ['recipient', (q) => q.input.facts.recipient ?? undefined],
  ['args', (q) => argumentsEntity(q.input.action.args)],
  ['numbers', (q) => numbersEntity(q.input.action.args)],
  ['server', (q) => q.server],
  ['session', (q) => CedarRecord.lazy(SESSION, q.input.session)],
  ['usage', (q) => CedarRecord.lazy(USAGE, q.input.usage)],
  ['subject', (q) => optional(q.input.caller.subject, (id) => subjectRef(q, id))],
  ['task', (q) => optional(q.input.caller.taskId, (id) => new EntityRef('Task', id, null))],
  ['through', (q) => CedarSet.of(q.input.caller.through.map((acting) => q.world.principal(acting)))],
  ['taskBound', (q) => q.input.caller.tasks.length > 0],
  ['authMethod', (q) => q.input.caller.method],
  ['watched', (q) => q.input.watched],
  ['now', (q) => new DatetimeValue(q.input.nowMs)],
  ['hour', (q) => Math.floor((((q.input.nowMs % DAY_MS) + DAY_MS) % DAY_MS) / HOUR_MS)],
  ['weekday', (q) => isoWeekday(q.input.nowMs)],
]);

/** A record that computes a fact when it is read. */
export function contextOf(question: Question): CedarRecord {
  return CedarRecord.lazy(CONTEXT, question);
}

/** 1 is Monday, 7 is Sunday (ISO 8601). 1970-01-01 was a Thursday. */
function isoWeekday(ms: number): number {
  const days = Math.floor(ms / DAY_MS);
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** A person nobody knows exists in name only: reading one of its attributes is an error, which denies. */
function subjectRef({ input, world }: Question, id: string): EntityRef {
  const { person } = input.caller;
  return person === null ? new EntityRef('Person', id, null) : world.person(person);
}
