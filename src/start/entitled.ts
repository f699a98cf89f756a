import type { Directory } from '../identity/directory.ts';
import type { Actor, Caller, Credential } from '../model/caller.ts';
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
    return credential !== null && isRevoked(credential, nowMs) ? 'credential-revoked' : null;
  };
}

/** A hop is good for as long as its connection is: whoever removes one cuts what already went over it. */
function cutHop(directory: Directory, { chain }: Caller, nowMs: number): string | null {
  for (let i = 1; i < chain.length; i++) {
    const [from, to] = [chain[i] as Actor, chain[i - 1] as Actor];
    if (from.kind !== 'agent' || to.kind !== 'agent') continue;
    const open = directory
      .connectionsBetween(from.id, to.id)
      .some(({ notAfterMs }) => notAfterMs === null || notAfterMs > nowMs);
    if (!open) return `not-connected:${from.id}>${to.id}`;
  }
  return null;
}
