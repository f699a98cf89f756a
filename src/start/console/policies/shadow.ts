import { setImmediate as breathe } from 'node:timers/promises';
import type { Journal } from '../../../audit/journal.ts';
import type { Beside, Heard, Log } from '../../../gateway/gateway.ts';
import { decideForAll } from '../../../gateway/tiers/everyone.ts';
import { targetName } from '../../../model/action.ts';
import type { PolicyDraft, Shadow } from '../../../model/insight/policies.ts';
import type { PolicyInput, SessionFacts } from '../../../model/policy-input.ts';
import { count, differenceOf, newTally, type Tally } from '../../../policy/compare/compare.ts';
import type { PolicySet } from '../../../policy/policy-set.ts';
import { publish, readAhead } from '../../../policy/publish.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { PolicyStore } from '../../../ports/policy-store.ts';
import { Problem } from '../../../surfaces/admin/problem.ts';
import type { PolicyOrder } from '../../../surfaces/admin/routes/policies/operations.ts';
import type { Live } from '../../live.ts';
import { openDraft } from './drafts.ts';
import type { KeptShadow, ShadowMemory } from './shadow-memory.ts';
import { compileFiles } from './trying.ts';

/** Decisions that wait to be made a second time; more are dropped, and counted. */
const MAX_WAITING = 1_000;
/** Made in one turn of the event loop. */
const AT_ONCE = 32;
const KEPT = 100;

type Change = Shadow['changes'][number];

export interface ShadowParts {
  readonly live: Pick<Live, 'world' | 'policies' | 'onChange'>;
  readonly beside: Beside;
  readonly store: PolicyStore;
  readonly memory: ShadowMemory;
  readonly journal: Pick<Journal, 'append'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Current {
  readonly draft: PolicyDraft;
  readonly by: string;
  policies: PolicySet;
  /** Those in force, with which it is compared. */
  against: string;
  sinceMs: number;
  tally: Tally<Change>;
  dropped: number;
}

interface Seating {
  /** Who wanted it. */
  readonly by: string;
  readonly recordedBy: string;
  readonly reason: string;
}

interface Waiting extends Heard {
  readonly atMs: number;
}

/**
 * One draft, by which every decision is made a second time, after the first has long been acted on. Nothing depends on it but its own
 * counts. Those live in memory: after a start of the gateway the same draft is evaluated again, and counted anew.
 */
export class ShadowSeat {
  readonly #parts: ShadowParts;
  #current: Current | null = null;
  #beginning = false;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(parts: ShadowParts) {
    this.#parts = parts;
    parts.live.onChange(() => this.#follow());
  }

  get shadow(): Shadow | null {
    return this.#current === null ? null : shown(this.#current);
  }

  async begin({ draft: id, by, reason }: PolicyOrder & { readonly draft: string }): Promise<Shadow> {
    if (this.#current !== null || this.#beginning)
      throw new Problem(409, 'shadow-runs', 'a draft is evaluated beside the policies already: end that first');
    return this.#alone(async () => {
      const draft = await openDraft(this.#parts.store, id);
      return this.#sit(draft, { by, recordedBy: by, reason });
    });
  }

  /** What was under way when the gateway ended. Never rejects: what cannot go on is ended, and that is told. */
  async resume(): Promise<void> {
    const { memory, log } = this.#parts;
    const kept = await memory.read();
    if (kept === null || this.#current !== null || this.#beginning) return;
    await this.#alone(async () => {
      try {
        await this.#goOn(kept);
      } catch (error) {
        log.warn({ err: error, draft: kept.draft }, 'a draft is no longer evaluated beside the policies');
        // What only failed now, as a store that cannot be reached, is tried again with the next start.
        if (error instanceof Problem) await this.#endKept(kept, error);
      }
    });
  }

  async #goOn(kept: KeptShadow): Promise<void> {
    const draft = await openDraft(this.#parts.store, kept.draft);
    if (draft.revision !== kept.revision) throw new Problem(409, 'stale-draft', 'the draft was changed since');
    const reason = `the gateway started again; begun by ${kept.by}`;
    await this.#sit(draft, { by: kept.by, recordedBy: 'interlock', reason });
  }

  /** `false`: there is none. */
  async end({ by, reason }: PolicyOrder): Promise<boolean> {
    const current = this.#current;
    if (current === null) return false;
    this.#stop();
    const { draft, tally } = current;
    const detail = { draft: draft.id, decisions: tally.decisions, changed: tally.changed };
    const { journal, memory } = this.#parts;
    // Forgotten at once: what has ended must not come back after a start, and what begins meanwhile must not be forgotten.
    await Promise.all([
      memory.forget(),
      journal.append({ type: 'admin', act: 'policy.shadow-end', by, reason, detail }),
    ]);
    return true;
  }

  async #alone<T>(begin: () => Promise<T>): Promise<T> {
    this.#beginning = true;
    try {
      return await begin();
    } finally {
      this.#beginning = false;
    }
  }

  async #sit(draft: PolicyDraft, { by, recordedBy, reason }: Seating): Promise<Shadow> {
    const { live, journal, clock, beside, memory } = this.#parts;
    const { id, revision } = draft;
    const policies = await compileFiles({ live }, draft.files);
    const { version } = policies;
    const detail = { draft: id, revision, policyVersion: version };
    await journal.append({ type: 'admin', act: 'policy.shadow', by: recordedBy, reason, detail });
    await memory.keep({ draft: id, revision, by });
    const against = live.policies.version;
    const current = { draft, by, policies, against, sinceMs: clock.nowMs(), tally: newTally<Change>(), dropped: 0 };
    this.#current = current;
    beside.hear = (heard) => this.#hear(heard);
    return shown(current);
  }

  async #endKept({ draft }: KeptShadow, why: Problem): Promise<void> {
    const { journal, memory, log } = this.#parts;
    const detail = { draft, decisions: 0, changed: 0 };
    try {
      await memory.forget();
      await journal.append({ type: 'admin', act: 'policy.shadow-end', by: 'interlock', reason: why.message, detail });
    } catch (error) {
      log.error({ err: error }, 'the end of a shadow could not be recorded');
    }
  }

  #stop(): void {
    this.#current = null;
    this.#parts.beside.hear = null;
    this.#waiting = [];
  }

  /** On the path of a call, and no more than a note: what may change until it is looked at is copied. */
  #hear({ call, input, decision }: Heard): void {
    const current = this.#current;
    if (current === null) return;
    if (this.#waiting.length >= MAX_WAITING) {
      current.dropped++;
      return;
    }
    const fixed: PolicyInput = { ...input, session: asOfNow(input.session) };
    this.#waiting.push({ call, input: fixed, decision, atMs: input.nowMs });
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await breathe();
      for (const waiting of this.#waiting.splice(0, AT_ONCE)) this.#tryDecide(waiting);
    }
    this.#running = false;
  }

  /** Nobody waits for it: what it threw would end the gateway. */
  #tryDecide(waiting: Waiting): void {
    try {
      this.#decide(waiting);
    } catch (error) {
      const current = this.#current;
      if (current === null) return;
      // The first is told; how many there are is counted.
      if (current.dropped++ > 0) return;
      this.#parts.log.warn({ err: error, call: waiting.call }, 'a decision could not be made beside the policies');
    }
  }

  #decide({ call, input, decision, atMs }: Waiting): void {
    const current = this.#current;
    // What was decided by other policies says nothing about those it is compared with.
    if (current === null || decision.policyVersion !== current.against) return;
    const difference = differenceOf(decision, decideForAll(current.policies, input));
    count(current.tally, difference, (kept) => {
      const { agent } = input.caller;
      const { server, target } = input.action;
      current.tally.changes.push({ call, atMs, agent: agent.id, server, target: targetName(target), ...kept });
      if (current.tally.changes.length > KEPT) current.tally.changes.shift();
    });
  }

  /** The configuration or the policies are others now: the draft is compiled again, and what is compared begins anew. */
  #follow(): void {
    const current = this.#current;
    if (current === null) return;
    const { live, clock } = this.#parts;
    const { version } = live.policies;
    if (version === current.policies.version) return this.#endBySelf('the draft is in force');
    const follow = (): void => {
      if (this.#current !== current) return;
      const published = publish(current.draft.files, live.world());
      if (!published.ok) return this.#endBySelf('the draft is wrong since the configuration was changed');
      current.policies = published.policies;
      if (live.policies.version === current.against) return;
      current.against = live.policies.version;
      Object.assign(current, { sinceMs: clock.nowMs(), tally: newTally<Change>(), dropped: 0 });
    };
    readAhead(current.draft.files, breathe)
      .then(follow)
      .catch((error: unknown) => {
        this.#parts.log.error({ err: error }, 'a draft could not be compiled again');
        if (this.#current === current) this.#endBySelf('the draft could not be compiled again');
      });
  }

  #endBySelf(reason: string): void {
    this.end({ by: 'interlock', reason }).catch((error: unknown) =>
      this.#parts.log.error({ err: error }, 'the end of a shadow could not be recorded'),
    );
  }
}

/** The session goes on: its facts are copied, and of the tools it called, how many they are. A set keeps its order and only grows. */
function asOfNow(session: SessionFacts): SessionFacts {
  const { id, startedAtMs, calls, denied, asked, reads, writes, destructive, external } = session;
  const { readUntrusted, highestDataClass, toolsCalled } = session;
  const { size } = toolsCalled;
  return {
    ...{ id, startedAtMs, calls, denied, asked, reads, writes, destructive, external, readUntrusted, highestDataClass },
    get toolsCalled() {
      return toolsCalled.size === size ? toolsCalled : new Set([...toolsCalled].slice(0, size));
    },
  };
}

function shown({ draft, policies, by, sinceMs, tally, dropped }: Current): Shadow {
  const { decisions, changed, byChange, changes } = tally;
  return {
    ...{ draft: draft.id, revision: draft.revision, version: policies.version, sinceMs, by },
    ...{ decisions, dropped, changed, byChange: { ...byChange }, changes: [...changes].reverse() },
  };
}
