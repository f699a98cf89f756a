import type { Directory } from '../identity/directory.ts';
import type { Caller, Credential } from '../model/caller.ts';
import type { Clock } from '../ports/clock.ts';

export interface EntitledParts {
  readonly directory: Directory;
  readonly isRevoked: (credential: Credential, nowMs: number) => boolean;
  readonly clock: Clock;
}

/**
 * Whether a caller may still act: the agent, everyone between, the human at the root, the tasks it is bound to, the credential. From
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
    const noSubject = subject === null ? null : directory.whyNoSubject(subject);
    if (noSubject !== null) return noSubject;
    for (const { id } of tasks) if (directory.task(id)?.state !== 'open') return `task-closed:${id}`;
    return credential !== null && isRevoked(credential, nowMs) ? 'credential-revoked' : null;
  };
}
