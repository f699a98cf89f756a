import { MAX_TASK_MS, type Task } from '../../model/task.ts';
import type { DataClass } from '../../model/tool.ts';

/** What is asked of a task. `null` is what the task it is part of says, or no limit of its own. */
export interface TaskRequest {
  readonly purpose: string;
  /** `server/tool`, or `server/*`. */
  readonly tools: readonly string[];
  readonly dataClasses: readonly DataClass[] | null;
  readonly maxCalls: number | null;
  /** In ten-thousandths. */
  readonly maxAmount: number | null;
  readonly notAfterMs: number | null;
}

export interface TaskOrigin {
  readonly id: string;
  readonly agent: string;
  readonly subject: string | null;
  /** The task it is to be part of: it is narrower, or it is not made. */
  readonly parent: Task | null;
  readonly by: string;
  readonly nowMs: number;
}

/** `why` is for the one who asks. */
export type MadeTask = { readonly ok: true; readonly task: Task } | { readonly ok: false; readonly why: string };

const TOOL = /^[a-z][a-z0-9-]{0,31}\/(\*|[^\s*\p{Cc}]{1,256})$/u;
const MAX_TOOLS = 200;
const MAX_PURPOSE = 500;
const MAX_COUNT = 1_000_000_000;
const MAX_AMOUNT = 1e15;

/** A task with these terms, within the one it is part of (requirements AZ5): its tools, classes of data, budget and time. Pure. */
export function makeTask(request: TaskRequest, { id, agent, subject, parent, by, nowMs }: TaskOrigin): MadeTask {
  const latestMs = Math.min(nowMs + MAX_TASK_MS, parent?.notAfterMs ?? Number.POSITIVE_INFINITY);
  const why = malformed(request, nowMs) ?? beyond(request, latestMs, parent);
  if (why !== null) return { ok: false, why };
  const { purpose, tools, dataClasses, maxCalls, maxAmount, notAfterMs } = request;
  const task: Task = {
    ...{ id, agent, subject, purpose, tools: [...new Set(tools)] },
    dataClasses: dataClasses ?? parent?.dataClasses ?? null,
    maxCalls: maxCalls ?? parent?.maxCalls ?? null,
    maxAmount: maxAmount ?? parent?.maxAmount ?? null,
    notAfterMs: notAfterMs ?? latestMs,
    ...{ parent: parent?.id ?? null, state: 'open', createdBy: by, createdAtMs: nowMs },
  };
  return { ok: true, task };
}

function malformed(request: TaskRequest, nowMs: number): string | null {
  const { purpose, tools, maxCalls, maxAmount, notAfterMs } = request;
  if (purpose.trim() === '' || purpose.length > MAX_PURPOSE) return `a purpose has 1 to ${MAX_PURPOSE} characters`;
  const named = tools.length > 0 && tools.length <= MAX_TOOLS && tools.every((tool) => TOOL.test(tool));
  if (!named) return `a task has 1 to ${MAX_TOOLS} tools: "server/tool" or "server/*"`;
  if (maxCalls !== null && !(Number.isSafeInteger(maxCalls) && maxCalls >= 1 && maxCalls <= MAX_COUNT))
    return 'the calls of a task are a whole number from 1';
  if (maxAmount !== null && !(maxAmount >= 0 && maxAmount <= MAX_AMOUNT)) return 'the amount of a task is out of range';
  return notAfterMs !== null && notAfterMs <= nowMs ? 'the task would be over already' : null;
}

function beyond(request: TaskRequest, latestMs: number, parent: Task | null): string | null {
  const { tools, dataClasses, maxCalls, maxAmount, notAfterMs } = request;
  if (notAfterMs !== null && notAfterMs > latestMs)
    return parent === null ? 'a task lasts at most a day' : 'a part of a task ends no later than the whole';
  if (parent === null) return null;
  if (!tools.every((tool) => parent.tools.includes(tool) || parent.tools.includes(everyToolOf(tool))))
    return 'a tool is not one of the task this would be part of';
  const classes = parent.dataClasses;
  if (classes !== null && dataClasses !== null && !dataClasses.every((one) => classes.includes(one)))
    return 'a class of data is not one of the task this would be part of';
  if (isMore(maxCalls, parent.maxCalls) || isMore(maxAmount, parent.maxAmount))
    return 'the budget is larger than that of the task this would be part of';
  return null;
}

function isMore(asked: number | null, there: number | null): boolean {
  return asked !== null && there !== null && asked > there;
}

function everyToolOf(tool: string): string {
  return `${tool.slice(0, tool.indexOf('/'))}/*`;
}
