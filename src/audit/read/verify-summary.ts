import type { VerifyReport } from './verify.ts';

/** The report in plain words, for people. */
export function summarize(report: Omit<VerifyReport, 'summary'>): string[] {
  const lines: string[] = [];
  const records = report.size - report.firstSeq;
  if (report.ok) {
    lines.push(
      `The journal is intact: ${count(records, 'record')} (${report.firstSeq} to ${report.size - 1}) in ${count(report.segments, 'segment')}, every hash and the order verified.`,
    );
    lines.push(`${count(report.checkpoints, 'signed checkpoint')} of ${report.origin} agree with the records.`);
  } else {
    lines.push(
      `The journal is NOT intact: ${count(report.problems.length, 'finding')}; ${count(records, 'record')} could be read in order.`,
    );
    for (const { message, file, offset } of report.problems) lines.push(`${capital(message)}${place(file, offset)}.`);
  }
  if (report.firstSeq > 0)
    lines.push(`Records 0 to ${report.firstSeq - 1} were removed by retention; the rest still verifies without them.`);
  if (report.outsideSize !== null)
    lines.push(`It continues the history of the checkpoint kept elsewhere (${count(report.outsideSize, 'record')}).`);
  else if (report.ok)
    lines.push(
      'No checkpoint kept elsewhere was given: whoever holds the signing key could have rewritten everything. Keep checkpoints in another place.',
    );
  if (report.vkeyFrom === 'directory' && report.vkey !== null)
    lines.push(
      'The verifier key was taken from the directory itself; give the one you noted when the journal was made.',
    );
  if (report.openCalls > 0)
    lines.push(
      `${count(report.openCalls, 'call')} without an outcome: in flight, or closed as unknown at the next start.`,
    );
  if (report.unfinishedTailBytes > 0)
    lines.push(
      `${count(report.unfinishedTailBytes, 'byte')} behind the last whole record or checkpoint: a write under way or interrupted, acknowledged to nobody.`,
    );
  return lines;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function place(file: string | null, offset: number | null): string {
  if (file === null) return '';
  return offset === null ? ` (${file})` : ` (${file}, byte ${offset})`;
}
