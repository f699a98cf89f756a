import type { LockTarget, Tier } from '../../model/lock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DirectoryStore, OAuthStore, RevokedRow } from '../../ports/identity-stores.ts';
import type { Directory } from '../directory.ts';
import type { RecordAct, Who } from '../people/people.ts';
import { type Leaving, leavingOf } from '../people/person-body.ts';
import { isLive, orphan } from './orphan.ts';

/** What the gateway tells of somebody who left, and of the agents that have no owner now. */
export interface GhostNotice {
  /** One per leaving: a repeated notice has the same. */
  readonly id: string;
  readonly person: string;
  readonly how: Leaving['how'];
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  /** How many, and the first hundred by id. */
  readonly orphaned: number;
  readonly agents: readonly string[];
  /** People who may take them over: deputies of these agents that are active. */
  readonly deputies: readonly string[];
  readonly department: string | null;
}

export interface PlacedLock {
  readonly target: LockTarget;
  readonly tier: Tier;
  readonly by: string;
}

export interface DeprovisionOptions {
  readonly store: DirectoryStore;
  readonly directory: Directory;
  readonly oauth: OAuthStore;
  readonly clock: Clock;
  readonly record: RecordAct;
  /** Resolves when this process refuses (identity/revoked.ts). */
  readonly revoke: (rows: readonly RevokedRow[]) => Promise<void>;
  readonly locks: {
    inForce(): readonly PlacedLock[];
    put(lock: PlacedLock & { readonly reason: string }): Promise<unknown>;
    release(target: LockTarget): Promise<unknown>;
  };
  readonly settings: () => { readonly tier: 'pause' | 'halt'; readonly maxTokenMs: number };
  /** Upstream credentials held for this person and these agents (credentials/). */
  readonly endFor: (personId: string, agents: readonly string[]) => Promise<void>;
  /** Open tasks on this person's authority and of these agents. */
  readonly closeTasks: (personId: string, agents: readonly string[]) => Promise<void>;
  /** Durable before it resolves, once per notice id; delivered later. */
  readonly notify: (notice: GhostNotice) => Promise<void>;
  /** The last step: the person's row says that everything is ended (people/people.ts `settle`). */
  /** What a deleted person signed in with here. */
  readonly forgetSignIn: (personId: string) => Promise<void>;
  readonly settle: (personId: string, leaving: Leaving) => Promise<void>;
  readonly onError: (error: unknown, personId: string) => void;
  /** A leaving younger than that is somebody else's work in progress. Default 20 s. */
  readonly graceMs?: number;
}

/** Locks placed here, and only those, are taken away again. */
export const PLACED_BY = 'deprovisioning';
const PAGE = 1_000;
const SLACK_MS = 60_000;
const TIER_RANK: Readonly<Record<Tier, number>> = { watch: 0, pause: 1, halt: 2 };

/**
 * Ends what somebody who left holds (requirements ID4). That the person is inactive is on record already, and refuses every agent they
 * own and every chain they are the root of; from there each step can be repeated, and a crash between any two is made up for by `sweep`.
 */
export class Deprovisioning {
  readonly #options: DeprovisionOptions;
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: DeprovisionOptions) {
    this.#options = options;
  }

  /** Ends everything this inactive person holds. One at a time per person: who asks meanwhile waits for the same end. */
  end(personId: string): Promise<void> {
    const running = this.#running.get(personId);
    if (running !== undefined) return running.then(() => this.#again(personId));
    const ending = this.#end(personId).finally(() => this.#running.delete(personId));
    this.#running.set(personId, ending);
    return ending;
  }

  /** One who came back and left again, or was deleted while leaving, is a leaving of its own. */
  async #again(personId: string): Promise<void> {
    const person = this.#options.directory.person(personId);
    if (person !== undefined && !person.active && leavingOf(person) !== null) await this.end(personId);
  }

  /** The person is back: the locks placed here are released. Agents stay orphaned. */
  async readmit(personId: string, who: Who): Promise<void> {
    for (const target of targetsOf(personId)) {
      const placed = this.#lockOn(target);
      if (placed?.by !== PLACED_BY) continue;
      const detail = { target: `${target.kind}:${target.id}` };
      await this.#options.record({ act: 'lock.release', by: who.by, reason: who.reason, detail });
      await this.#options.locks.release(target);
    }
  }

  /**
   * Finishes what was interrupted, anywhere: everybody inactive whose leaving is not settled, or who owns an agent that is not orphaned.
   * How many people. Never rejects.
   */
  async sweep(): Promise<number> {
    const { directory, clock, onError, graceMs = 20_000 } = this.#options;
    const youngMs = clock.nowMs() - graceMs;
    let ended = 0;
    for (const person of [...directory.people()]) {
      if (person.active) continue;
      const leaving = leavingOf(person);
      if (leaving !== null && leaving.atMs > youngMs) continue;
      if (leaving === null && !this.#ownsLive(person.id)) continue;
      try {
        await this.end(person.id);
        ended++;
      } catch (error) {
        onError(error, person.id);
      }
    }
    return ended;
  }

  #ownsLive(personId: string): boolean {
    return this.#options.directory.agentsOwnedBy(personId).some(isLive);
  }

  async #end(personId: string): Promise<void> {
    const { directory, endFor, closeTasks, settle } = this.#options;
    const person = directory.person(personId);
    if (person === undefined || person.active) return;
    const fallback: Leaving = { by: PLACED_BY, reason: 'inactive', how: 'deactivated', atMs: this.#nowMs() };
    const leaving = leavingOf(person) ?? fallback;
    const agents = directory.agentsOwnedBy(personId);
    const ids = agents.map((agent) => agent.id);
    await this.#lock(personId, leaving);
    await this.#revoke(personId, ids);
    await this.#endGrants(personId, ids);
    await endFor(personId, ids);
    await closeTasks(personId, ids);
    const orphaned = await orphan(this.#options, { personId, leaving });
    await this.#tell(personId, leaving, orphaned);
    // The name may be given to somebody else, who must not find the old door open.
    if (leaving.how === 'deleted') await this.#options.forgetSignIn(personId);
    await settle(personId, leaving);
    // Somebody may have brought the person back meanwhile: what was placed after that goes again.
    if (directory.person(personId)?.active === true) await this.readmit(personId, leaving);
  }

  async #lock(personId: string, leaving: Leaving): Promise<void> {
    const { tier } = this.#options.settings();
    for (const target of targetsOf(personId)) {
      const known = this.#lockOn(target);
      // An operator's order stands, unless it is the weaker one.
      if (known !== undefined && TIER_RANK[known.tier] >= TIER_RANK[tier]) continue;
      const reason = `deprovisioned by ${leaving.by}: ${leaving.reason}`.slice(0, 1_000);
      await this.#options.locks.put({ target, tier, by: PLACED_BY, reason });
    }
  }

  #lockOn(target: LockTarget): PlacedLock | undefined {
    return this.#options.locks
      .inForce()
      .find((lock) => lock.target.kind === target.kind && lock.target.id === target.id);
  }

  /** Tokens issued until now are refused for good: also once an agent has a new owner. */
  async #revoke(personId: string, agents: readonly string[]): Promise<void> {
    const issuedUntilMs = this.#nowMs();
    const expiresAtMs = issuedUntilMs + this.#options.settings().maxTokenMs + SLACK_MS;
    const rows: RevokedRow[] = [{ kind: 'subject', id: personId, issuedUntilMs, expiresAtMs }];
    for (const id of agents) rows.push({ kind: 'agent', id, issuedUntilMs, expiresAtMs });
    for (let from = 0; from < rows.length; from += PAGE) await this.#options.revoke(rows.slice(from, from + PAGE));
  }

  /** Consents, sessions and refresh tokens: those of the person, and those anybody gave to one of the agents. */
  async #endGrants(personId: string, agents: readonly string[]): Promise<void> {
    await this.#endRows({ account: personId });
    for (const client of agents) await this.#endRows({ client });
  }

  async #endRows(of: { readonly account: string } | { readonly client: string }): Promise<void> {
    const { oauth } = this.#options;
    for (;;) {
      const rows = await oauth.list({ ...of, limit: PAGE });
      if (rows.length === 0) return;
      const grants = new Set(rows.map((row) => row.grantId).filter((grant) => grant !== null));
      for (const grant of grants) await oauth.removeGrant(grant);
      let removed = grants.size;
      for (const row of rows) if (await oauth.remove(row.kind, row.id)) removed++;
      if (removed === 0) return;
    }
  }

  async #tell(personId: string, leaving: Leaving, orphaned: readonly string[]): Promise<void> {
    const { directory, record, notify } = this.#options;
    const { by, reason, how, atMs } = leaving;
    const deputies = new Set<string>();
    for (const id of orphaned) for (const deputy of directory.agent(id)?.deputies ?? []) deputies.add(deputy);
    const notice: GhostNotice = {
      id: `${personId}@${atMs}`,
      person: personId,
      how,
      by,
      reason,
      atMs,
      orphaned: orphaned.length,
      agents: orphaned.slice(0, 100),
      deputies: [...deputies].filter((deputy) => directory.person(deputy)?.active === true).slice(0, 100),
      department: directory.person(personId)?.department ?? null,
    };
    const detail = { person: personId, how, orphaned: notice.orphaned, agents: notice.agents };
    await record({ act: 'person.deprovision', by, reason, detail });
    await notify(notice);
  }

  #nowMs(): number {
    return this.#options.clock.nowMs();
  }
}

function targetsOf(personId: string): readonly LockTarget[] {
  return [
    { kind: 'owner', id: personId },
    { kind: 'user', id: personId },
  ];
}
