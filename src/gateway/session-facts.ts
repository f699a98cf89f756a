import type { SessionFacts } from '../model/policy-input.ts';
import type { DataClass, ToolLabels } from '../model/tool.ts';
import { SessionMemory } from './asking/memory.ts';

const CLASSES: readonly DataClass[] = ['public', 'internal', 'confidential', 'restricted'];

/** What one session did and saw so far. Changed only by `call.ts`; policies see it as facts. */
export class SessionState implements SessionFacts {
  readonly id: string | null;
  readonly startedAtMs: number;
  calls = 0;
  denied = 0;
  asked = 0;
  reads = 0;
  writes = 0;
  destructive = 0;
  external = 0;
  readUntrusted = false;
  highestDataClass: DataClass | null = null;
  readonly toolsCalled: Set<string> = new Set();
  /** What it can be asked about later, when somebody has to decide: never read to decide. */
  readonly memory: SessionMemory = new SessionMemory();

  constructor(id: string | null, startedAtMs: number) {
    this.id = id;
    this.startedAtMs = startedAtMs;
  }

  /** A call was permitted: counted before it is sent, so that two at once see each other. */
  permitted(tool: string | null, labels: ToolLabels | null): void {
    this.calls++;
    // Bounded: a server can list any number of tools, a session remembers the first thousand it called.
    if (tool !== null && this.toolsCalled.size < 1000) this.toolsCalled.add(tool);
    if (labels === null) return;
    if (labels.effect === 'read') this.reads++;
    else if (labels.effect === 'destructive') this.destructive++;
    else if (labels.effect === 'external') this.external++;
    else this.writes++;
  }

  /** A result reached the agent. `labels` null: a resource or prompt, whose text is not vouched for by anybody. */
  saw(labels: ToolLabels | null): void {
    if (labels === null || labels.untrustedOutput) this.readUntrusted = true;
    if (labels === null) return;
    const rank = this.highestDataClass === null ? -1 : CLASSES.indexOf(this.highestDataClass);
    if (CLASSES.indexOf(labels.dataClass) > rank) this.highestDataClass = labels.dataClass;
  }
}
