import type { ActionTarget } from './action.ts';
import type { DataClass, ToolLabels } from './tool.ts';

/** One declared purpose, its tools, its data, its budget and its time (requirements AZ5). What a task does not name, it does not cover. */
export interface Task {
  readonly id: string;
  /** The agent it was given to. An exchange may pass it on, narrowed, as a part of it. */
  readonly agent: string;
  /** On whose authority; `null`: the agent's own. */
  readonly subject: string | null;
  readonly purpose: string;
  /** `server/tool`, or `server/*`. */
  readonly tools: readonly string[];
  /** Classes of data its tools may carry. `null`: any. */
  readonly dataClasses: readonly DataClass[] | null;
  /** Permitted calls in all. `null`: no cap. */
  readonly maxCalls: number | null;
  /** Sum of the `amount` fact in ten-thousandths. `null`: no cap. */
  readonly maxAmount: number | null;
  readonly notAfterMs: number;
  /** The task this one is a part of: its terms hold as well, and what is used here is used there. */
  readonly parent: string | null;
  readonly state: 'open' | 'closed';
  readonly createdBy: string;
  readonly createdAtMs: number;
}

/** A task lasts at most this long: what it has used is rebuilt from the last day of the journal. */
export const MAX_TASK_MS = 24 * 3_600_000;

export interface TaskCall {
  readonly server: string;
  readonly target: ActionTarget;
  /** Of the tool. `null`: unknown, which no limited task covers. */
  readonly labels: ToolLabels | null;
}

/**
 * Whether a task covers a call, its budget and time apart. Tools by name; what else a server offers (resources, prompts) only where the
 * task names the whole server, and no class of data is left out: nobody labelled those.
 */
export function coversTool(task: Task, { server, target, labels }: TaskCall): boolean {
  if (task.tools.includes(`${server}/*`)) {
    if (target.kind !== 'tool') return task.dataClasses === null;
  } else if (target.kind !== 'tool' || !task.tools.includes(`${server}/${target.name}`)) return false;
  return task.dataClasses === null || (labels !== null && task.dataClasses.includes(labels.dataClass));
}
