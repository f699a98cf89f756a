import { systemClock } from '../../adapters/clock.ts';
import { realDisk } from '../../adapters/disk/real.ts';
import type { At } from '../../approvals/approvers/eligible.ts';
import { mayDeny, progress } from '../../approvals/approvers/progress.ts';
import { givenOf } from '../../approvals/counting.ts';
import { standingOffers } from '../../approvals/standing/offers.ts';
import { validTerms } from '../../approvals/standing/terms.ts';
import { standingWords } from '../../approvals/standing/words.ts';
import { type Receipt, readReceipt } from '../../audit/read/receipt.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { Standing } from '../../model/approval.ts';
import { Fault } from '../../model/fault.ts';
import type { ApprovalRow, Stores } from '../../ports/stores.ts';
import { type ApprovalPages, openApprovalPages, type StandingDesk } from '../../surfaces/approvals/door.ts';
import { journalId, type Questions } from '../approvals/open.ts';
import type { Delivery } from '../approvals/reach/delivery.ts';
import type { Live } from '../live.ts';
import type { SignIn } from './sign-in.ts';

export interface ApprovalsDoorParts {
  readonly live: Live;
  readonly stores: Stores;
  readonly gateway: Gateway;
  readonly questions: Questions;
  readonly signIn: SignIn;
  readonly delivery: Pick<Delivery, 'push'>;
}

/** The pages where people answer, on the same sessions and passkeys as their accounts. */
export function approvalsDoor(parts: ApprovalsDoorParts): ApprovalPages {
  const { live, stores, gateway, questions, signIn } = parts;
  const { origin, rules, sessions, log, credentials, passkeys, throttle, record, hasConsole } = signIn.parts;
  return openApprovalPages({
    ...{ origin, rules, sessions, log, credentials, passkeys, throttle, record },
    ...(hasConsole === undefined ? {} : { hasConsole }),
    approvals: questions.approvals,
    directory: live.directory,
    notices: stores.notices,
    missing: (row) => progress(row.requirement, givenOf(row), at(live, row)).missing,
    mayDeny: (row, person) => mayDeny(row.requirement, person, at(live, row)).ok,
    schemaOf(server, tool) {
      const known = gateway.inventory.resolve(server, tool);
      return known.state === 'pinned' ? known.definition.inputSchema : null;
    },
    standing: standingDesk(parts),
    pushKey: () => parts.delivery.push.settings()?.publicKey ?? null,
    receiptOf: (row) => receiptOf(parts, row),
    clock: systemClock,
  });
}

function at(live: Live, { requestedAtMs }: ApprovalRow): At {
  return { people: live.directory, rules: live.config.approvals, nowMs: systemClock.nowMs(), requestedAtMs };
}

function standingDesk({ live, gateway, questions }: ApprovalsDoorParts): StandingDesk {
  const { standing } = questions;
  const { directory } = live;
  const time = () => ({ nowMs: systemClock.nowMs(), maxMs: live.config.approvals.standing.maxMs });
  const answersFor = (person: string, agent: string): boolean => {
    const known = directory.agent(agent);
    return known !== undefined && (known.owner === person || known.deputies.includes(person));
  };
  const isTheirs = (each: Standing, person: string) =>
    each.signers.includes(person) || each.subject === person || answersFor(person, each.agent);
  return {
    offers: (shown) => (live.config.approvals.standing.enabled ? standingOffers(shown, time()) : []),
    valid: (terms, shown) => validTerms(terms, shown, time()),
    words: standingWords,
    async listFor(person) {
      const theirs = standing.list().filter((each) => isTheirs(each, person));
      return theirs.toSorted((a, b) => b.createdAtMs - a.createdAtMs);
    },
    async revoke(id, { person, reason }) {
      const there = standing.get(id);
      if (there === undefined || !isTheirs(there, person)) return false;
      // Ending does not wait for its record: a full disk must not keep it in force.
      if (!(await standing.revoke(id, person, reason))) return false;
      const { agent, server, target, approval } = there;
      const detail = { standing: id, approval, agent, server, target };
      await gateway.journal.append({ type: 'admin', act: 'standing.revoke', by: person, reason, detail });
      return true;
    },
  };
}

/** The proof of an outcome's record; `null`: another gateway's journal has it, or no checkpoint covers it yet. */
export async function receiptOf(
  { live, gateway }: Pick<ApprovalsDoorParts, 'live' | 'gateway'>,
  { receipt }: Pick<ApprovalRow, 'receipt'>,
): Promise<Receipt | null> {
  if (receipt === null || receipt.journal !== journalId(gateway.journal)) return null;
  try {
    return await readReceipt(live.config.journal.dir, receipt.seq, { disk: realDisk });
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-found') return null;
    throw error;
  }
}
