import type { SentencePart, ShownRequest } from '../../model/approval.ts';
import type { ApprovalFilter, ApprovalRow } from '../../ports/stores.ts';

/** Rows read in one turn, and turns for one page: a page may end early, and its cursor goes on from there. */
const ROWS = 100;
const TURNS = 5;
const MAX_WORDS = 10;

export interface Rows {
  readonly rows: readonly ApprovalRow[];
  /** After which to go on; `null`: there is no more. */
  readonly last: ApprovalRow | null;
}

export function pageOf(rows: readonly ApprovalRow[], limit: number): Rows {
  return { rows, last: rows.length < limit ? null : (rows.at(-1) ?? null) };
}

/**
 * For whoever may not see what every call says. The store also finds by the sentence, which quotes arguments: to find by them would be to
 * learn them, letter by letter. So that it is looked for here, in what they see of each.
 */
export async function searchSeen(
  list: (filter: ApprovalFilter) => Promise<readonly ApprovalRow[]>,
  { text, limit, before, ...filter }: ApprovalFilter & { readonly text: string },
  maySee: (row: ApprovalRow) => boolean,
): Promise<Rows> {
  const wanted = text.toLowerCase().split(/\s+/u).filter(Boolean).slice(0, MAX_WORDS);
  const rows: ApprovalRow[] = [];
  let last: ApprovalRow | null = null;
  for (let turn = 0; turn < TURNS; turn++) {
    const after = last === null ? before : { requestedAtMs: last.requestedAtMs, id: last.id };
    const some = await list({ ...filter, limit: ROWS, ...(after === undefined ? {} : { before: after }) });
    for (const row of some) {
      last = row;
      if (hasAll(row, wanted, maySee) && rows.push(row) === limit) return { rows, last };
    }
    if (some.length < ROWS) return { rows, last: null };
  }
  return { rows, last };
}

function hasAll(row: ApprovalRow, wanted: readonly string[], maySee: (row: ApprovalRow) => boolean): boolean {
  const { agent, server, target, subject, sentence } = JSON.parse(row.request) as ShownRequest;
  const names = [row.id, agent.id, agent.name, `${server}/${target ?? ''}`, subject?.id, subject?.name];
  const plain = names.join('\n').toLowerCase();
  const missing = wanted.filter((word) => !plain.includes(word));
  if (missing.length === 0) return true;
  if (!maySee(row)) return false;
  const said = sentence.map(partText).join('').toLowerCase();
  return missing.every((word) => said.includes(word));
}

function partText(part: SentencePart): string {
  if ('text' in part) return part.text;
  return typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
}
