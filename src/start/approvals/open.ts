import { systemClock } from '../../adapters/clock.ts';
import { type Approvals, type ApprovalsOptions, openApprovals } from '../../approvals/approvals.ts';
import { type OpenStanding, openStanding } from '../../approvals/standing/book.ts';
import type { Journal } from '../../audit/journal.ts';
import { decideAgain, whyStopped } from '../../gateway/asking/again.ts';
import type { Gateway, Log } from '../../gateway/gateway.ts';
import type { Stores } from '../../ports/stores.ts';
import type { Live } from '../live.ts';

export interface QuestionParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly journal: Journal;
  readonly log: Log;
  /** Who is told of a request, and how. */
  readonly notices: ApprovalsOptions['notices'];
}

export interface Questions {
  readonly approvals: Approvals;
  readonly standing: OpenStanding;
  /** The gateway whose calls are asked about; it is made after what it asks with. */
  serve(gateway: Gateway): void;
  close(): void;
}

/** Questions to people, and what their answers let through. */
export function openQuestions({ live, stores, journal, log, notices }: QuestionParts): Questions {
  const made: { gateway: Gateway | null } = { gateway: null };
  const serving = (): Gateway => {
    if (made.gateway === null) throw new Error('bug: nobody can be asked before there is a gateway');
    return made.gateway;
  };
  const standing = openStanding({ store: stores.directory, view: live.directory, clock: systemClock });
  const approvals = openApprovals({
    store: stores.approvals,
    clock: systemClock,
    log,
    rules: () => live.config.approvals,
    people: live.directory,
    journal: { id: journalId(journal), append: (record) => journal.append(record) },
    whyStopped: (row) => whyStopped(serving(), row),
    again: (row, args) => decideAgain(serving(), row, args),
    standing,
    notices,
    maxPendingPerAgent: live.config.limits.pendingApprovalsPerAgent,
    // makeGateway does, once the journal is read.
    recovers: true,
  });
  return {
    approvals,
    standing,
    serve(gateway) {
      made.gateway = gateway;
    },
    close() {
      approvals.close();
      standing.close();
    },
  };
}

/** Name and key of a journal tell it from every other (C2SP signed notes: `name+hash+key`). */
export function journalId({ vkey }: Pick<Journal, 'vkey'>): string {
  return vkey.split('+').slice(0, 2).join('+');
}

/** Whether an answer of people still lets the call go on that it was given for. */
export async function stands({ approvals, standing }: Questions, approval: string, agent: string): Promise<boolean> {
  const row = await approvals.get(approval);
  // Used by that very call: nobody takes it back any more but by stopping who acts.
  if (row !== null) return row.state === 'consumed';
  return standing.of(agent).some(({ id, state }) => id === approval && state === 'active');
}
