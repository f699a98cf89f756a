import { systemClock } from '../../adapters/clock.ts';
import type { At } from '../../approvals/approvers/eligible.ts';
import { candidates, progress } from '../../approvals/approvers/progress.ts';
import { currentDigest, givenOf } from '../../approvals/counting.ts';
import type { Receipt } from '../../audit/journal.ts';
import type { ShownRequest } from '../../model/approval.ts';
import type { ApprovalLine, ApprovalView, Named } from '../../model/insight/approvals.ts';
import type { ApprovalFilter, ApprovalRow } from '../../ports/stores.ts';
import { cursorAt, type InboxOperations, type Looking } from '../../surfaces/admin/routes/approvers/inbox.ts';
import { slotWords } from '../../surfaces/approvals/words.ts';
import type { Live } from '../live.ts';
import { pageOf, searchSeen } from './inbox-search.ts';
import type { Questions } from './open.ts';

export interface InboxParts {
  readonly live: Live;
  readonly questions: Pick<Questions, 'approvals'>;
  readonly receiptOf: (row: ApprovalRow) => Promise<Receipt | null>;
}

/** Questions to people, in the console: whose they are, what they are about, who is needed, and the proof of what came of them. */
export function inboxOperations(parts: InboxParts): InboxOperations {
  const { approvals } = parts.questions;
  return {
    async list({ of, before, limit, ...words }, by) {
      const { person } = by;
      const list = async (filter: ApprovalFilter): Promise<readonly ApprovalRow[]> => {
        if (of === 'history') return approvals.list(filter);
        const pending = { ...filter, state: 'pending' as const };
        return of === 'pending' || person === null ? approvals.list(pending) : approvals.listFor(person, pending);
      };
      const filter = { ...words, limit, ...(before === undefined ? {} : { before }) };
      const { rows, last } =
        by.content || words.text === undefined
          ? pageOf(await list(filter), limit)
          : await searchSeen(list, { ...filter, text: words.text }, (row) => maySee(parts, row, by));
      const wanted = rows.filter((row) => (of === 'history' ? row.state !== 'pending' : isOpen(row)));
      const lines = wanted.map((row) => lineOf(parts, row, by));
      return {
        items: of === 'mine' ? lines.filter(({ mine }) => mine) : lines,
        next: last === null ? null : cursorAt(last),
      };
    },
    async view(id, by) {
      const row = await approvals.get(id);
      return row === null ? null : viewOf(parts, row, by);
    },
    async receipt(id) {
      const row = await approvals.get(id);
      return row === null ? null : parts.receiptOf(row);
    },
  };
}

/** One whose time is over is answered by nobody, whether or not it was swept already. */
function isOpen(row: ApprovalRow): boolean {
  return row.state === 'pending' && row.expiresAtMs > systemClock.nowMs();
}

function lineOf(parts: InboxParts, row: ApprovalRow, by: Looking): ApprovalLine {
  const shown = JSON.parse(row.request) as ShownRequest;
  const seen = maySee(parts, row, by);
  const { id, state, requestedAtMs, expiresAtMs, answeredBy, answeredAtMs } = row;
  const { server, target, action, effect, reversible, subject } = shown;
  return {
    ...{ id, state, server, target, action, effect, reversible, requestedAtMs, expiresAtMs, answeredAtMs },
    agent: { id: row.agent, name: shown.agent.name },
    subject: subject === null ? null : { id: subject.id, name: subject.name },
    sentence: seen ? shown.sentence : null,
    amount: seen ? shown.amount : null,
    currency: seen ? shown.currency : null,
    untrusted: shown.origins.some(({ from }) => from === 'untrusted-result'),
    changed: row.proposal !== null,
    mine: isOpen(row) && by.person !== null && parts.questions.approvals.mayAnswer(row, by.person).ok,
    approvedBy: givenOf(row).map(({ person }) => named(parts, person)),
    missing: isOpen(row) ? progress(row.requirement, givenOf(row), at(parts, row)).missing.length : 0,
    answeredBy: answeredBy === null ? null : named(parts, answeredBy),
    hasReceipt: row.receipt !== null,
  };
}

function viewOf(parts: InboxParts, row: ApprovalRow, by: Looking): ApprovalView {
  const shown = JSON.parse(row.request) as ShownRequest;
  const seen = maySee(parts, row, by);
  const open = isOpen(row);
  const now = at(parts, row);
  const { proposal, requirement, receipt, consumedBy } = row;
  const missing = open ? progress(requirement, givenOf(row), now).missing : [];
  return {
    ...lineOf(parts, row, by),
    shown: seen ? shown : null,
    change: proposal && {
      by: named(parts, proposal.by),
      atMs: proposal.atMs,
      arguments: seen ? proposal.arguments : null,
    },
    reasons: shown.policy.reasons,
    messages: shown.policy.messages,
    policyVersion: shown.policy.version,
    asks: requirement.parts.map(({ ask }) => ask),
    needed: missing.map((slot) => slotWords({ directory: parts.live.directory }, slot)),
    mayAnswer: open ? candidates(requirement, now, givenOf(row)).map((id) => named(parts, id)) : [],
    whyNot: whyNot(parts, row, by),
    assurance: requirement.assurance,
    answers: row.answers.map(({ person, verdict, reason, atMs, assurance, digest }) => ({
      ...{ person: named(parts, person), verdict, atMs, assurance },
      reason: seen ? reason : null,
      counts: verdict === 'denied' || digest === currentDigest(row),
    })),
    receipt,
    usedBy: consumedBy && { call: consumedBy.call, atMs: consumedBy.atMs },
  };
}

function whyNot({ questions }: InboxParts, row: ApprovalRow, { person }: Looking): string | null {
  if (person === null) return 'people answer, not the operating system’s user';
  const may = questions.approvals.mayAnswer(row, person);
  if (may.ok) return null;
  return may.message === `${person} was not asked` ? 'you were not asked' : may.message;
}

/** What a call says is seen by whoever may see all of it, is asked about it, has answered it, or is answerable for it. */
function maySee({ live, questions }: InboxParts, row: ApprovalRow, { person, content }: Looking): boolean {
  if (content) return true;
  if (person === null) return false;
  return (
    row.subject === person ||
    live.directory.agent(row.agent)?.owner === person ||
    row.answers.some((answer) => answer.person === person) ||
    questions.approvals.mayAnswer(row, person).ok
  );
}

function at({ live }: InboxParts, { requestedAtMs }: ApprovalRow): At {
  return { people: live.directory, rules: live.config.approvals, nowMs: systemClock.nowMs(), requestedAtMs };
}

function named({ live }: InboxParts, id: string): Named {
  return { id, name: live.directory.person(id)?.name ?? id };
}
