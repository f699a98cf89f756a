import type { CallView } from '../../../../src/model/insight/records.ts';
import { pathOf } from './graph/strands.ts';

/** One call a line, everything there is of it. */
export function toNdjson(calls: readonly CallView[]): string {
  return calls.map((call) => `${JSON.stringify(call)}\n`).join('');
}

const COLUMNS: readonly (readonly [string, (call: CallView) => unknown])[] = [
  ['call', ({ call }) => call],
  ['record', ({ seq }) => seq],
  ['began', ({ atMs }) => new Date(atMs).toISOString()],
  ['ended', ({ endedAtMs }) => (endedAtMs === null ? '' : new Date(endedAtMs).toISOString())],
  ['agent', ({ agent }) => agent],
  ['owner', ({ owner }) => owner],
  ['for', ({ subject }) => subject],
  ['chain', ({ agent, chain }) => pathOf({ agent, chain }).join(' > ')],
  ['handed_on', ({ handovers }) => handovers.map(({ seq }) => seq).join(' ')],
  ['session', ({ session }) => session],
  ['transaction', ({ txn }) => txn],
  ['server', ({ server }) => server],
  ['action', ({ action }) => action],
  ['target', ({ target }) => target],
  ['decision', ({ effect }) => effect],
  ['code', ({ code }) => code],
  ['reasons', ({ reasons }) => reasons.join(' ')],
  ['approval', ({ approval }) => approval],
  ['approved_by', ({ approvedBy }) => approvedBy.join(' ')],
  ['outcome', ({ outcome }) => outcome],
  ['outcome_code', ({ outcomeCode }) => outcomeCode],
  ['total_us', ({ timingsUs }) => timingsUs?.total],
  ['upstream_us', ({ timingsUs }) => timingsUs?.upstream],
  ['arguments', ({ args, argsHidden }) => (argsHidden ? '' : JSON.stringify(args))],
  ['result_digest', ({ resultDigest }) => resultDigest],
];

/** RFC 4180. A cell that a spreadsheet would take for a formula is made text: agents choose these words. */
export function toCsv(calls: readonly CallView[]): string {
  const lines = [COLUMNS.map(([name]) => name), ...calls.map((call) => COLUMNS.map(([, of]) => cell(of(call))))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

export function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) && typeof value === 'string' ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
