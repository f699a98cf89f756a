import type { Answer, ShownRequest, Standing, StandingTerms } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { RECORDED_ARGS_CHARS } from '../../model/record.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { approversOf, currentDigest } from '../counting.ts';
import type { State } from '../options.ts';

/**
 * Puts what a request came to into the journal, makes what it lets through stand, and only then lets it count. The same function for
 * whoever answered and for the sweep that finds what a crash left behind. Resolves with the row as it counts.
 */
export async function recordOutcome(state: State, row: ApprovalRow): Promise<ApprovalRow> {
  const { seq } = await state.journal.append({
    ...{ type: 'admin', act: 'approval.outcome', by: row.answeredBy ?? 'interlock' },
    reason: row.answerReason ?? '',
    detail: detailOf(row),
  });
  await makeStanding(state, row);
  const receipt = { journal: state.journal.id, seq };
  const done = await state.store.change(row.id, row.version, { recorded: true, receipt });
  state.room.look(row.id);
  // Lost to another that recorded it as well: what counts is in the store.
  const counts = done ? null : await state.store.get(row.id);
  return counts ?? { ...row, version: row.version + 1, recorded: true, receipt };
}

/** Ends a request that nobody has to answer any more, or whose answer may not be used. `false`: it was over already. */
export async function withdrawRow(
  state: State,
  row: ApprovalRow,
  { by, reason }: { by: string; reason: string },
): Promise<boolean> {
  if (row.state !== 'pending' && row.state !== 'approved') return false;
  const atMs = state.clock.nowMs();
  const change = {
    state: 'withdrawn',
    recorded: false,
    answeredBy: by,
    answerReason: reason,
    answeredAtMs: atMs,
  } as const;
  const after = { ...row, ...change, version: row.version + 1 };
  const notices = state.notices(after, 'withdrawn', []);
  if (!(await state.store.change(row.id, row.version, change, { notices }))) return false;
  await recordOutcome(state, after);
  return true;
}

/** Answers that were given, and by whom; arguments only where the record may hold them. */
function detailOf(row: ApprovalRow): Json {
  const shown = JSON.parse(row.request) as ShownRequest;
  const { proposal } = row;
  const detail = {
    ...{ approval: row.id, outcome: row.state, kind: row.kind, agent: row.agent, subject: row.subject },
    ...{ session: row.session, task: row.task, server: shown.server, target: shown.target, digest: row.digest },
    arguments: recorded(shown.arguments, shown.unrecorded),
    changed:
      proposal === null
        ? null
        : {
            arguments: recorded(proposal.arguments, shown.unrecorded ?? proposal.unrecorded ?? null),
            ...{ digest: proposal.digest, by: proposal.by },
          },
    asked: row.askWhom,
    ...{ assurance: row.requirement.assurance, starters: row.requirement.starters, policy: shown.policy },
    answers: row.answers,
    ...{ requestedAtMs: row.requestedAtMs, expiresAtMs: row.expiresAtMs },
  };
  return detail as unknown as Json;
}

/** As the records of calls have them: not what no record may hold, and of what is very large its size alone. The digest is always there. */
function recorded(args: JsonObject, unrecorded: string | null): JsonObject {
  if (unrecorded !== null) return { redacted: unrecorded };
  const sizeChars = canonicalize(args).length;
  return sizeChars > RECORDED_ARGS_CHARS ? { truncated: sizeChars } : args;
}

/** In force when everybody who approved agreed to exactly the same terms. Once per request, however often it is called. */
export async function makeStanding(state: State, row: ApprovalRow): Promise<void> {
  const terms = agreedTerms(row);
  if (row.state !== 'approved' || terms === null) return;
  const { answers } = row;
  const weakest = answers.every(({ assurance }) => assurance === 'passkey') ? 'passkey' : 'signed-in';
  const standing: Standing = {
    ...terms,
    ...{ id: `standing-${row.id}`, approval: row.id, chain: row.chain, signers: approversOf(row) },
    assurance: answers.some(({ assurance }) => assurance === 'operator') ? 'operator' : weakest,
    createdAtMs: row.answeredAtMs ?? state.clock.nowMs(),
    pin: (JSON.parse(row.context) as { pin?: string | null }).pin ?? null,
    state: 'active',
  };
  await state.standing.add(standing, row.answeredBy ?? 'interlock');
}

function agreedTerms(row: ApprovalRow): StandingTerms | null {
  const digest = currentDigest(row);
  const given = row.answers.filter((answer: Answer) => answer.verdict === 'approved' && answer.digest === digest);
  const [first] = given;
  if (first === undefined || first.standing === null) return null;
  const text = canonicalize(first.standing as unknown as Json);
  const same = given.every(({ standing }) => canonicalize(standing as unknown as Json) === text);
  return same ? first.standing : null;
}
