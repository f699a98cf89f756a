import type { TaskRequest } from '../../identity/delegation/tasks.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import type { DataClass } from '../../model/tool.ts';
import { OAuthRefused } from '../answer.ts';

/** What a client asks for in `authorization_details` (RFC 9396), as far as our own grants know types. */
export interface AskedDetails {
  /** `agent_task`: one declared purpose the token is bound to. */
  readonly task: TaskRequest | null;
  /** `agent_delegation`: how often the token may be handed on. */
  readonly maxUses: number | null;
}

export const TASK_TYPE = 'agent_task';
export const DELEGATION_TYPE = 'agent_delegation';
const NOTHING: AskedDetails = { task: null, maxUses: null };
const MAX_CHARS = 16_384;
const MAX_USES = 1_000;
const CLASSES: readonly string[] = ['public', 'internal', 'confidential', 'restricted'];

/** A type or member that is not known is refused, not skipped (RFC 9396 section 5). Throws OAuthRefused. */
export function readDetails(text: string | null): AskedDetails {
  if (text === null) return NOTHING;
  let found = NOTHING;
  for (const detail of parseDetails(text, { maxDepth: 6, maxNodes: 1_000 })) {
    if (detail.type === TASK_TYPE && found.task === null) found = { ...found, task: readTask(detail) };
    else if (detail.type === DELEGATION_TYPE && found.maxUses === null) found = { ...found, maxUses: readUses(detail) };
    else throw wrong(`a type that is not known here, or there twice; known are ${TASK_TYPE} and ${DELEGATION_TYPE}`);
  }
  return found;
}

/** RFC 9396 section 2: an array of objects. Throws OAuthRefused. */
export function parseDetails(text: string, limits: { maxDepth: number; maxNodes: number }): readonly JsonObject[] {
  if (text.length > MAX_CHARS) throw wrong(`longer than ${MAX_CHARS} characters`);
  let value: Json;
  try {
    value = parseStrict(text, limits);
  } catch {
    throw wrong('not a JSON array of objects');
  }
  if (!Array.isArray(value) || !value.every(isObject)) throw wrong('not a JSON array of objects');
  return value as readonly JsonObject[];
}

const TASK_MEMBERS = ['type', 'purpose', 'tools', 'data_classes', 'max_calls', 'max_amount', 'not_after'];

function readTask(detail: JsonObject): TaskRequest {
  only(detail, TASK_MEMBERS);
  const { purpose, tools, data_classes: classes, max_calls: maxCalls, max_amount: maxAmount, not_after: end } = detail;
  if (typeof purpose !== 'string') throw wrong('a task has a "purpose"');
  if (!isTexts(tools)) throw wrong('"tools" of a task is a list of names');
  if (classes !== undefined && !(isTexts(classes) && classes.every((name) => CLASSES.includes(name))))
    throw wrong(`"data_classes" is a list of ${CLASSES.join(', ')}`);
  return {
    purpose,
    tools,
    dataClasses: (classes as readonly DataClass[] | undefined) ?? null,
    maxCalls: numberOf('max_calls', maxCalls, 1),
    maxAmount: numberOf('max_amount', maxAmount, 10_000),
    notAfterMs: numberOf('not_after', end, 1_000),
  };
}

function readUses(detail: JsonObject): number {
  only(detail, ['type', 'max_uses']);
  const { max_uses: uses } = detail;
  if (typeof uses !== 'number' || !Number.isSafeInteger(uses) || uses < 1 || uses > MAX_USES)
    throw wrong(`"max_uses" is a whole number from 1 to ${MAX_USES}`);
  return uses;
}

export function only(detail: JsonObject, known: readonly string[]): void {
  const odd = Object.keys(detail).find((name) => !known.includes(name));
  if (odd !== undefined) throw wrong(`a member that is not known; known are ${known.join(', ')}`);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** `unit`: what one of the number is in our own units. */
function numberOf(name: string, value: Json | undefined, unit: number): number | null {
  if (value === undefined) return null;
  const units = typeof value === 'number' ? Math.round(value * unit) : Number.NaN;
  if (!Number.isSafeInteger(units) || units < 0) throw wrong(`"${name}" is a number, not below 0`);
  return units;
}

export function wrong(why: string): OAuthRefused {
  return new OAuthRefused('invalid_authorization_details', `authorization_details: ${why}`);
}
