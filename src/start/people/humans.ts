import { systemClock } from '../../adapters/clock.ts';
import type { Journal } from '../../audit/journal.ts';
import type { Config } from '../../config/config.ts';
import type { Log } from '../../gateway/gateway.ts';
import { Deprovisioning, type DeprovisionOptions, type GhostNotice } from '../../identity/deprovision/deprovision.ts';
import { Outbox } from '../../identity/deprovision/outbox.ts';
import type { Directory } from '../../identity/directory.ts';
import { Groups } from '../../identity/people/groups.ts';
import { People, type RecordAct } from '../../identity/people/people.ts';
import { Credentials } from '../../identity/sign-in/credentials.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Stores } from '../../ports/stores.ts';
import type { WebFetch } from '../../ports/web.ts';
import type { Revocation } from '../../revocation/revocation.ts';

export interface HumanParts {
  readonly stores: Stores;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly revocation: Revocation;
  readonly config: () => Config;
  readonly log: Log;
  /** Resolves when this process refuses (identity/revoked.ts `revoke`). */
  readonly revoke: DeprovisionOptions['revoke'];
  /** Upstream credentials of a person and of these agents. */
  readonly endFor: DeprovisionOptions['endFor'];
  /** Trusts the origin of `identity.notify.webhook`. */
  readonly web: WebFetch;
}

export interface Humans {
  readonly people: People;
  readonly groups: Groups;
  readonly deprovisioning: Deprovisioning;
  readonly outbox: Outbox;
  /** What was interrupted is finished, what did not arrive is sent again. Never rejects. */
  sweep(): Promise<void>;
}

/** People, groups, and the end of what somebody holds who leaves. */
export function openHumans(parts: HumanParts): Humans {
  const { stores, directory, journal, revocation, log } = parts;
  const record: RecordAct = (act) => journal.append({ type: 'admin', ...act });
  const shared = { store: stores.directory, directory, clock: systemClock, record };
  const outbox = new Outbox({
    store: stores.secrets,
    clock: systemClock,
    post: () => poster(parts),
    onError: (error, notice) => log.warn({ err: error, notice }, 'the webhook was not reached; it is tried again'),
  });
  const signIn = new Credentials(stores.secrets, systemClock);
  const made: { people?: People } = {};
  const deprovisioning = new Deprovisioning({
    ...shared,
    oauth: stores.oauth,
    revoke: parts.revoke,
    endFor: parts.endFor,
    closeTasks: (personId, agents) => closeTasks(parts, personId, agents),
    locks: {
      inForce: () => revocation.locks(),
      put: async (lock) => {
        await revocation.apply({ ...lock, untilMs: null });
        const { target, tier, by, reason } = lock;
        await record({ act: 'lock.put', by, reason, detail: { target: `${target.kind}:${target.id}`, tier } });
      },
      release: (target) => revocation.release(target),
    },
    settings: () => ({ tier: parts.config().leaving.tier, maxTokenMs: parts.config().tokens.maxTtlMs }),
    notify: async (notice) => {
      const { person, how, orphaned, deputies } = notice;
      log.warn({ person, how, orphaned, deputies }, `${person} left: ${orphaned} agents have no owner now`);
      await outbox.put(notice);
    },
    forgetSignIn: async (personId) => void (await signIn.removeAll(personId)),
    settle: (personId, leaving) => made.people?.settle(personId, leaving) ?? Promise.resolve(),
    onError: (error, person) =>
      log.error({ err: error, person }, 'a deprovisioning was not finished; it is tried again'),
  });
  const people = new People({
    ...shared,
    end: (personId) => deprovisioning.end(personId),
    readmit: (personId, who) => deprovisioning.readmit(personId, who),
  });
  made.people = people;
  return {
    people,
    groups: new Groups(shared),
    deprovisioning,
    outbox,
    async sweep() {
      const ended = await deprovisioning.sweep();
      if (ended > 0) log.warn({ people: ended }, 'deprovisioning that was interrupted is finished');
      await outbox.deliver().catch((error: unknown) => log.warn({ err: error }, 'notices were not sent'));
    },
  };
}

function poster({ config, web }: HumanParts): ((notice: GhostNotice) => Promise<void>) | null {
  const { webhook } = config().leaving;
  if (webhook === null) return null;
  return async (notice) => {
    const body = JSON.stringify({ type: 'interlock.agents.orphaned', ...notice });
    const headers = { 'content-type': 'application/json', 'idempotency-key': notice.id };
    const { status } = await web(webhook, { method: 'POST', headers, body });
    if (status < 200 || status > 299) throw new Error(`the webhook answered ${status}`);
  };
}

const BATCH = 500;

/** Open tasks on somebody's authority, or of their agents: nothing more is done within them. */
async function closeTasks(
  { stores, directory }: HumanParts,
  personId: string,
  agents: readonly string[],
): Promise<void> {
  const theirs = new Set(agents);
  const act = { by: 'deprovisioning', act: 'task.close', reason: `${personId} left`, atMs: systemClock.nowMs() };
  for (let round = 0; round < 5; round++) {
    const open = [...directory.tasks()].filter(
      (task) => task.state === 'open' && (task.subject === personId || theirs.has(task.agent)),
    );
    if (open.length === 0) return;
    for (let from = 0; from < open.length; from += BATCH) {
      const changes = open.slice(from, from + BATCH).map((task) => ({
        kind: 'task' as const,
        id: task.id,
        body: { ...task, state: 'closed' } as unknown as JsonObject,
        expected: directory.storedVersion('task', task.id),
      }));
      await stores.directory.apply(changes, act);
    }
    await directory.refresh();
  }
}
