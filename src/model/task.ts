import type { DataClass } from './tool.ts';

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
