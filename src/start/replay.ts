import type { Remembered } from '../approvals/outcome/recover.ts';
import type { Entry } from '../audit/journal.ts';
import { SessionState } from '../gateway/session-facts.ts';
import type { Usage } from '../gateway/usage.ts';
import type { Inventory } from '../inventory/catalog.ts';

const ACTING: ReadonlySet<string> = new Set([
  'tools/call',
  'resources/read',
  'prompts/get',
  'resources/subscribe',
  'resources/unsubscribe',
]);
const DAY_MS = 24 * 3_600_000;

export interface Replayed {
  readonly records: number;
  /** Facts of stateless conversations, by session id: their taint outlives a restart. */
  readonly sessions: ReadonlyMap<string, SessionState>;
  /** What became of approvals, for those a crash interrupted. */
  readonly approvals: Remembered;
}

/** Records of earlier versions name one task at most. */
function tasksOf({ task, tasks }: { task: string | null; tasks?: readonly string[] }): readonly string[] {
  return tasks !== undefined && tasks.length > 0 ? tasks : task === null ? [] : [task];
}

/**
 * Spending, rates and what sessions have seen are derived from the journal at the start: it is the only memory that cannot be
 * behind. Reads the last day.
 */
export async function replay(
  entries: AsyncIterable<Entry>,
  to: { usage: Usage; inventory: Inventory; nowMs: number },
): Promise<Replayed> {
  const sessions = new Map<string, SessionState>();
  const approvals = rememberApprovals();
  let records = 0;
  for await (const { record, time, seq } of entries) {
    const timeMs = Date.parse(time);
    approvals.see({ record, timeMs, seq });
    if (record.type !== 'intent' || !ACTING.has(record.action) || timeMs < to.nowMs - DAY_MS) continue;
    records++;
    to.usage.count({ agent: record.agent, session: record.session, tasks: tasksOf(record) }, record.amount, timeMs);
    // Sessions with a handshake end with the process; `~` marks those that are a credential's lifetime.
    if (record.session === null || !record.session.includes('~')) continue;
    let state = sessions.get(record.session);
    if (state === undefined) {
      state = new SessionState(record.session, timeMs);
      sessions.set(record.session, state);
    }
    const tool = record.action === 'tools/call' ? record.target : null;
    const known = tool === null ? null : to.inventory.resolve(record.server, tool);
    const labels = known === null || known.state === 'unknown' ? null : known.labels;
    state.permitted(tool === null ? null : `${record.server}/${tool}`, labels);
    state.saw(labels);
  }
  return { records, sessions, approvals: approvals.seen };
}

interface Seen {
  readonly record: Entry['record'];
  readonly timeMs: number;
  readonly seq: number;
}

/** Gathers what the journal says of approvals. */
function rememberApprovals(): { readonly seen: Remembered; see(entry: Seen): void } {
  const used = new Set<string>();
  const outcomes = new Map<string, { outcome: string; seq: number }>();
  const seen = { sinceMs: Number.POSITIVE_INFINITY, used, outcomes };
  return {
    seen,
    see({ record, timeMs, seq }) {
      seen.sinceMs = Math.min(seen.sinceMs, timeMs);
      // A call that was refused after it had used an approval has told so itself.
      if ((record.type === 'intent' || record.type === 'refusal') && record.approval !== null) used.add(record.call);
      if (record.type !== 'admin') return;
      const { approval, outcome, call } = record.detail as { approval?: unknown; outcome?: unknown; call?: unknown };
      if (record.act === 'approval.outcome') outcomes.set(String(approval), { outcome: String(outcome), seq });
      if (record.act === 'approval.unused') used.add(String(call));
    },
  };
}
