import type { CallView } from '../../../src/model/insight/records.ts';
import type { JournalRecord } from '../../../src/model/record.ts';

/** `erp/orders.create`, or what else a call was on. */
export function nameOfCall({ server, target, action }: Pick<CallView, 'server' | 'target' | 'action'>): string {
  return target === null ? `${server}: ${action}` : `${server}/${target}`;
}

/** One word for how a call stands now: what was decided, and, where it was let through, how it ended. */
export function standOf(call: Pick<CallView, 'effect' | 'outcome' | 'endedAtMs'>): Stand {
  if (call.effect === 'deny') return 'denied';
  if (call.outcome !== null) return call.outcome;
  return call.effect === 'ask' ? 'asked' : call.endedAtMs === null ? 'running' : 'permitted';
}
export type Stand = 'denied' | 'asked' | 'ok' | 'failed' | 'unknown' | 'running' | 'permitted';

export const STAND_WORDS: Readonly<Record<Stand, string>> = {
  denied: 'Denied',
  asked: 'Waits for people',
  ok: 'Done',
  failed: 'Failed',
  unknown: 'Outcome unknown',
  running: 'Under way',
  permitted: 'Permitted',
};

/** A reason as recorded: a policy (`file.cedar#id`), or the gateway's own word (`interlock#code`). */
export interface Reason {
  readonly text: string;
  readonly policy: { readonly file: string; readonly id: string } | null;
  readonly own: string | null;
}

export function readReason(text: string): Reason {
  const hash = text.lastIndexOf('#');
  const [file, id] = hash < 0 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)];
  if (file === 'interlock') return { text, policy: null, own: id };
  return { text, policy: hash > 0 && file.endsWith('.cedar') ? { file, id } : null, own: null };
}

/** What the gateway's own codes mean, to people. Codes without words are shown as they are. */
const CODES: Readonly<Record<string, string>> = {
  policy: 'A policy forbids it, or none permits it.',
  'policy-error': 'A policy could not be evaluated, which refuses.',
  'no-policy': 'No policy permits it.',
  'not-entitled': 'Somebody of the chain may not act any more, or the credential was revoked.',
  'user-rights': 'The person it acts for may not do this themself.',
  'insufficient-scope': 'Its credential is limited to other things.',
  'outside-task': 'It is bound to a task this is no part of.',
  killed: 'Stopped by the kill switch.',
  paused: 'Paused by the kill switch.',
  'stale-view': 'The gateway could not be sure that its view of locks was current.',
  quarantined: 'The definition of the tool is not accepted.',
  'unknown-target': 'There is no such tool, or nobody accepted it yet.',
  'not-connected': 'The person it acts for has not connected that account.',
  'approval-denied': 'People who were asked said no.',
  'approval-expired': 'Nobody answered in time.',
  'approval-pending': 'It waits for people.',
  'approval-used': 'An identical call that waited beside it went on with the answer.',
  'approval-withdrawn': 'The question to people was taken back.',
  'nobody-to-ask': 'A policy asks for somebody there is not.',
  'journal-unavailable': 'It could not be recorded, and so was not done.',
  overloaded: 'Too much at once.',
  'upstream-unavailable': 'The server did not answer.',
  internal: 'Something unexpected, which refuses.',
  aborted: 'It was ended while it was under way.',
  timeout: 'The server did not answer in time.',
  'tool-error': 'The tool itself reported an error.',
  'upstream-lost': 'The connection to the server was lost in between.',
  restart: 'The gateway ended while the call was under way.',
};

export function codeWords(code: string): string | null {
  return CODES[code] ?? null;
}

/** A tier's answer as recorded: `permit`, `ask`, or `deny: why`. */
export interface TierAnswer {
  readonly verdict: 'permit' | 'deny' | 'ask' | 'silent';
  readonly why: string | null;
}

export function readTier(text: string | null | undefined): TierAnswer {
  if (text === null || text === undefined || text === '') return { verdict: 'silent', why: null };
  const [, word, why] = /^(permit|deny|ask)\b:?\s*(.*)$/su.exec(text) ?? [];
  if (word === undefined) return { verdict: 'deny', why: text };
  return { verdict: word as 'permit', why: why === '' || why === undefined ? null : why };
}

export const TIERS = [
  ['user', 'What the person may do'],
  ['scope', 'What its credential covers'],
  ['task', 'What its task allows'],
  ['policy', 'What the policies say'],
] as const;

/** A record in one line: what, by whom, on what. */
export interface RecordLine {
  readonly what: 'permit' | 'ask' | 'deny' | 'ok' | 'failed' | 'unknown' | 'act';
  readonly title: string;
  readonly who: string | null;
  readonly whoIs: 'agent' | 'person' | null;
  readonly note: string | null;
  readonly call: string | null;
}

export function lineOf(record: JournalRecord): RecordLine {
  switch (record.type) {
    case 'intent':
    case 'refusal': {
      const { effect, code } = record.decision;
      const note = record.type === 'refusal' && code !== '' ? code : record.approval === null ? null : 'approved';
      return {
        what: record.type === 'intent' ? 'permit' : effect === 'ask' ? 'ask' : 'deny',
        title: nameOfCall(record),
        ...{ who: record.agent, whoIs: 'agent', note, call: record.call },
      };
    }
    case 'outcome': {
      const { outcome, call, code } = record;
      return { what: outcome, title: 'Outcome of a call', who: null, whoIs: null, note: code, call };
    }
    case 'admin':
      return { what: 'act', title: record.act, who: record.by, whoIs: 'person', note: record.reason, call: null };
  }
}

export function isHidden(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { hidden?: unknown }).hidden === true &&
    Object.keys(value).length === 1
  );
}
