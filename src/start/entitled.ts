import type { Directory } from '../identity/directory.ts';
import type { Actor, Caller, Credential } from '../model/caller.ts';
import { coversScope } from '../model/scope.ts';
import type { Clock } from '../ports/clock.ts';

export interface EntitledParts {
  readonly directory: Directory;
  readonly isRevoked: (credential: Credential, nowMs: number) => boolean;
  readonly clock: Clock;
}

/**
 * Whether a caller may still act: the agent, everyone between and
 * what connects them, the human at the root, the tasks it is bound to, the credential. From
 * memory, a few look-ups: it is asked on every call and after every wait. `null`: yes; else why not, in words for the record.
 */
export function entitled({ directory, isRevoked, clock }: EntitledParts): (caller: Caller) => string | null {
  return (caller) => {
    const { agent, subject, through, tasks, credential } = caller;
    const nowMs = clock.nowMs();
    const own = directory.whyNotAlive(agent.id, nowMs);
    if (own !== null) return own;
    for (const acting of through) {
      const why = directory.whyNotAlive(acting.agent.id, nowMs);
      if (why !== null) return `${why}:${acting.agent.id}`;
    }
    const cut = cutHop(directory, caller, nowMs);
    if (cut !== null) return cut;
    const noSubject = subject === null ? null : directory.whyNoSubject(subject);
    if (noSubject !== null) return noSubject;
    for (const { id } of tasks) if (directory.task(id)?.state !== 'open') return `task-closed:${id}`;
    if (caller.expiresAtMs <= nowMs) return 'credential-expired';
    return credential !== null && isRevoked(credential, nowMs) ? 'credential-revoked' : null;
  };
}

/**
 * Whether agents and people are still what they were when the caller was authenticated. Asked after the wait for a human, which can be
 * long: whoever was narrowed meanwhile asks again as what they are now.
 */
export function unchanged(directory: Directory, { agent, through, person }: Caller): boolean {
  if (directory.agent(agent.id) !== agent) return false;
  if (person !== null && directory.person(person.id) !== person) return false;
  return through.every((acting) => directory.agent(acting.agent.id) === acting.agent);
}

/** A hop is good for as long as its connection is: whoever removes one cuts what already went over it. */
function cutHop(directory: Directory, { chain, scopes, subject }: Caller, nowMs: number): string | null {
  const initiator = subject === null ? 'machine' : 'user';
  for (let i = 1; i < chain.length; i++) {
    const [from, to] = [chain[i] as Actor, chain[i - 1] as Actor];
    if (from.kind !== 'agent' || to.kind !== 'agent') continue;
    const open = directory.connectionsBetween(from.id, to.id).some(
      (connection) =>
        (connection.notAfterMs === null || connection.notAfterMs > nowMs) &&
        connection.initiators.includes(initiator) &&
        // What came over a wider one that is gone is more than this one lets through.
        couldHavePassed(connection.scopes, scopes),
    );
    if (!open) return `not-connected:${from.id}>${to.id}`;
  }
  return null;
}

/** Whether everything that is held could have come over it. Holding no limit is more than a limited one lets through. */
function couldHavePassed(through: readonly string[] | null, held: readonly string[] | null): boolean {
  return through === null || (held?.every((scope) => coversScope(through, scope)) ?? false);
}
