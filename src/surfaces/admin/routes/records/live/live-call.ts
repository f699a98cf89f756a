import { fieldsOf } from '../../../../../audit/index/fields.ts';
import { classOf } from '../../../../../audit/index/fill/tally.ts';
import type { Seen } from '../../../../../audit/journal.ts';
import type { LiveCall } from '../../../../../model/insight/records.ts';
import type { AdminRecord, CallFacts } from '../../../../../model/record.ts';

/** Calls under way whose end is waited for. */
const MAX_OPEN = 50_000;

type Who = Omit<LiveCall, 'seq' | 'atMs' | 'what' | 'code' | 'totalUs'>;

/** Makes what watchers see of records. An outcome says nothing of whose call it was: that is remembered from the decision. */
export class LiveCalls {
  readonly #open = new Map<string, Who>();

  /** Null: nothing to show. */
  of({ seq, atMs, record }: Seen): LiveCall | null {
    if (record.type === 'admin') return actOf(record, { seq, atMs });
    if (record.type === 'outcome') {
      const who = this.#open.get(record.call);
      if (who === undefined) return null;
      this.#open.delete(record.call);
      const { outcome, code, timingsUs } = record;
      return { seq, atMs, ...who, what: 'closed', code: code ?? outcome, totalUs: timingsUs.total };
    }
    const who = whoOf(record);
    if (record.type === 'intent') {
      if (this.#open.size >= MAX_OPEN) this.#open.clear();
      this.#open.set(record.call, who);
    }
    const what = record.type === 'intent' ? 'permitted' : classOf(record);
    return { seq, atMs, ...who, what, code: record.decision.code, totalUs: null };
  }
}

function whoOf({ call, agent, subject, session, server, action, target }: CallFacts): Who {
  return { call, agent, subject, session, server, action, target };
}

/** What the journal writes about itself is no act of anybody. */
function actOf(record: AdminRecord, at: { readonly seq: number; readonly atMs: number }): LiveCall | null {
  if (record.act.startsWith('journal.')) return null;
  const { call, agents, servers, sessions, tools } = fieldsOf(record);
  const { target } = (record.detail ?? {}) as { readonly target?: unknown };
  return {
    ...at,
    ...{ call: call ?? '', agent: agents[0] ?? '', subject: record.by, session: sessions[0] ?? null },
    ...{ server: servers[0] ?? '', action: record.act, what: 'act', code: null, totalUs: null },
    target: typeof target === 'string' ? target : (tools[0] ?? null),
  };
}
