import { Fault } from '../../../model/fault.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Stores } from '../../../ports/stores.ts';
import { approvalStore } from './approvals/approvals.ts';
import { noticeStore } from './approvals/notices.ts';
import { directoryStore } from './identity/directory.ts';
import { oauthStore } from './identity/oauth.ts';
import { relationStore } from './identity/relations.ts';
import { revokedStore } from './identity/revoked.ts';
import { secretStore } from './identity/secrets.ts';
import { lockStore } from './locks.ts';
import { pinStore } from './pins.ts';
import { policyStore } from './policies/policies.ts';
import { replayStore } from './replay.ts';
import type { Database } from './schema.ts';

/** The stores over one database. Every failure of the database leaves as a Fault that tells callers nothing about it. */
export function assemble(db: Database, clock: Clock, close: () => Promise<void>): Stores {
  let closing: Promise<void> | undefined;
  return {
    locks: shielded(lockStore(db)),
    pins: shielded(pinStore(db)),
    policies: shielded(policyStore(db)),
    approvals: shielded(approvalStore(db, clock)),
    notices: shielded(noticeStore(db)),
    replay: shielded(replayStore(db, clock)),
    directory: shielded(directoryStore(db)),
    oauth: shielded(oauthStore(db, clock)),
    revoked: shielded(revokedStore(db, clock)),
    secrets: shielded(secretStore(db, clock)),
    relations: shielded(relationStore(db, clock)),
    close: () => (closing ??= close()),
  };
}

type Method = (...args: unknown[]) => unknown;

function shielded<T extends object>(store: T): T {
  const wrapped = Object.entries(store as Record<string, Method>).map(([name, method]) => [
    name,
    (...args: unknown[]) => {
      const answer = method(...args);
      return answer instanceof Promise ? answer.catch((error: unknown) => rethrow(name, error)) : answer;
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

function rethrow(name: string, error: unknown): never {
  if (error instanceof Fault) throw error;
  const detail = error instanceof Error ? error.message : String(error);
  throw new Fault('internal', 'the store is unavailable', { detail: `${name}: ${detail}`, cause: error });
}
