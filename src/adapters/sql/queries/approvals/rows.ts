import { digestJson } from '../../../../model/canonical.ts';
import type { ApprovalRow, ApprovalState } from '../../../../ports/stores.ts';
import { storable } from '../text.ts';
import type { ApprovalTable } from './tables.ts';

/**
 * What it asks about: one pending, approved or denied request for it counts. JSON, because no separator is safe in names others choose; its
 * hash, because an index takes no text as long as a chain can be.
 */
export function openKey(row: ApprovalRow): string {
  const { kind, agent, subject, chain, task, digest } = row;
  return digestJson([kind, agent, subject, chain, task, digest]);
}

export function fromApproval(row: ApprovalRow, search: string): ApprovalTable {
  const text = (value: string, what: string): string => storable(value, what);
  const maybe = (value: string | null, what: string): string | null => (value === null ? null : text(value, what));
  return {
    id: text(row.id, 'approval id'),
    kind: row.kind,
    digest: text(row.digest, 'digest'),
    agent: text(row.agent, 'agent id'),
    subject: maybe(row.subject, 'subject id'),
    session: maybe(row.session, 'session id'),
    task: maybe(row.task, 'task id'),
    chain: text(row.chain, 'chain'),
    ask_whom: JSON.stringify(row.askWhom),
    requirement: storable(JSON.stringify(row.requirement), 'requirement'),
    state: row.state,
    version: row.version,
    recorded: row.recorded ? 1 : 0,
    request: text(row.request, 'request'),
    context: text(row.context, 'context'),
    proposal: row.proposal === null ? null : JSON.stringify(row.proposal),
    answers: JSON.stringify(row.answers),
    escalated: row.escalated,
    escalates_at_ms: escalatesAtMs(row),
    requested_at_ms: row.requestedAtMs,
    expires_at_ms: row.expiresAtMs,
    changed_at_ms: row.requestedAtMs,
    answered_by: row.answeredBy,
    answer_reason: row.answerReason,
    answered_at_ms: row.answeredAtMs,
    receipt: row.receipt === null ? null : JSON.stringify(row.receipt),
    consumed_journal: row.consumedBy?.journal ?? null,
    consumed_call: row.consumedBy?.call ?? null,
    consumed_at_ms: row.consumedBy?.atMs ?? null,
    search: text(search.toLowerCase(), 'search text'),
    open_key: openKey(row),
  };
}

/** When the next escalation of a pending request is due. */
export function escalatesAtMs(
  row: Pick<ApprovalRow, 'state' | 'requirement' | 'escalated' | 'requestedAtMs'>,
): number | null {
  const next = row.state === 'pending' ? row.requirement.escalations[row.escalated] : undefined;
  return next === undefined ? null : row.requestedAtMs + next.afterMs;
}

export function toApproval(row: ApprovalTable): ApprovalRow {
  const { consumed_journal: journal, consumed_call: call, consumed_at_ms: atMs } = row;
  return {
    id: row.id,
    kind: row.kind as ApprovalRow['kind'],
    digest: row.digest,
    agent: row.agent,
    subject: row.subject,
    session: row.session,
    task: row.task,
    chain: row.chain,
    askWhom: JSON.parse(row.ask_whom) as string[],
    requirement: JSON.parse(row.requirement) as ApprovalRow['requirement'],
    state: row.state as ApprovalState,
    version: row.version,
    recorded: row.recorded === 1,
    request: row.request,
    context: row.context,
    proposal: row.proposal === null ? null : (JSON.parse(row.proposal) as ApprovalRow['proposal']),
    answers: JSON.parse(row.answers) as ApprovalRow['answers'],
    escalated: row.escalated,
    requestedAtMs: row.requested_at_ms,
    expiresAtMs: row.expires_at_ms,
    answeredBy: row.answered_by,
    answerReason: row.answer_reason,
    answeredAtMs: row.answered_at_ms,
    receipt: row.receipt === null ? null : (JSON.parse(row.receipt) as ApprovalRow['receipt']),
    consumedBy: journal === null || call === null || atMs === null ? null : { journal, call, atMs },
  };
}
