import type { CallView, Handover, RecordView } from '../../../../model/insight/records.ts';
import { isObject } from '../../../../model/json.ts';
import type { CallFacts, OutcomeRecord } from '../../../../model/record.ts';
import type { Entry } from '../../../format/frame.ts';
import { hideContent } from '../../fields.ts';
import { timeOf } from '../../fill/rows.ts';

export type CallEntry = Entry & { readonly record: CallFacts & { readonly type: 'intent' | 'refusal' } };
type OutcomeEntry = Entry & { readonly record: OutcomeRecord };

export function isCall(entry: Entry): entry is CallEntry {
  return entry.record.type === 'intent' || entry.record.type === 'refusal';
}

export function isOutcome(entry: Entry): entry is OutcomeEntry {
  return entry.record.type === 'outcome';
}

export function recordView({ seq, time, record }: Entry, withContent: boolean): RecordView {
  return { seq, time, record: withContent ? record : hideContent(record) };
}

/**
 * One call from its records, in order: that of the decision, or that people were asked and then what was decided; that of its end; acts
 * that name it. What was decided last is how it stands.
 */
export function callView(
  entries: readonly Entry[],
  { handovers, withContent }: { readonly handovers: readonly Handover[]; readonly withContent: boolean },
): CallView {
  const decisions = entries.filter(isCall);
  const [begun, decided] = [decisions[0], decisions.at(-1)];
  if (begun === undefined || decided === undefined) throw new Error('these records are of no call');
  const { record } = decided;
  const end = entries.find(isOutcome) ?? null;
  const { decision, ...facts } = record;
  const { code, reasons, errors, obligations, policyVersion, tiers, lock } = decision;
  return {
    ...{ call: facts.call, seq: begun.seq, atMs: timeOf(begun), endedAtMs: endOf(decided, end) },
    ...{ agent: facts.agent, owner: facts.owner, subject: facts.subject, chain: facts.chain.map(({ id }) => id) },
    ...{ handovers, purpose: facts.purpose, session: facts.session, task: facts.task, txn: facts.txn },
    ...{ surface: facts.surface, action: facts.action, server: facts.server, target: facts.target },
    ...{ effect: shownEffect(record), code, reasons, errors, obligations, policyVersion, tiers, lock },
    ...{ approval: facts.approval, approvedBy: facts.approvedBy ?? [] },
    ...{ outcome: end?.record.outcome ?? null, outcomeCode: end?.record.code ?? null },
    timingsUs: end?.record.timingsUs ?? null,
    ...{ args: withContent ? facts.args : null, argsHidden: !withContent },
    ...resultShown(end?.record ?? null, withContent),
    records: entries.map(({ seq }) => seq).toSorted((a, b) => a - b),
  };
}

function endOf(decided: CallEntry, end: OutcomeEntry | null): number | null {
  if (end !== null) return timeOf(end);
  return decided.record.type === 'refusal' ? timeOf(decided) : null;
}

/** What was permitted and then stopped (by the kill switch, or people) did not go on: it was denied. */
function shownEffect({ type, decision }: CallEntry['record']): CallView['effect'] {
  if (type === 'intent') return decision.effect;
  return decision.code === 'approval-pending' ? 'ask' : 'deny';
}

type Shown = Pick<CallView, 'result' | 'resultAbsent' | 'resultDigest'>;

function resultShown(outcome: OutcomeRecord | null, withContent: boolean): Shown {
  const resultDigest = outcome?.resultDigest ?? null;
  const absent = (resultAbsent: Shown['resultAbsent']): Shown => ({ result: null, resultAbsent, resultDigest });
  if (outcome === null || resultDigest === null) return absent('none');
  const { result } = outcome;
  if (result === undefined) return absent('not-kept');
  if (!withContent) return absent('hidden');
  if (isObject(result) && Object.keys(result).length === 1) {
    if (typeof result.redacted === 'string') return absent('redacted');
    if (typeof result.truncated === 'number') return absent('not-kept');
  }
  return { result, resultAbsent: null, resultDigest };
}
