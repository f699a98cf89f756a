import type { ApprovalRow, ApprovalStore } from '../../src/ports/stores.ts';

/** A request as the stores keep it; tests say what matters to them. */
export function approvalRow(id: string, over: Partial<ApprovalRow> = {}): ApprovalRow {
  return {
    ...{ id, kind: 'call', digest: 'd', agent: 'a', subject: null, session: 's', task: null, chain: '[]' },
    askWhom: ['owner'],
    requirement: {
      parts: [{ ask: 'owner', slots: [{ who: [{ kind: 'owner', id: 'a' }], exceptStarters: false }] }],
      ...{ escalations: [], assurance: 'operator', starters: [], urgent: false },
    },
    ...{ state: 'pending', version: 1, recorded: true, request: '{}', context: '{}', proposal: null, answers: [] },
    ...{ escalated: 0, requestedAtMs: 1_800_000_000_000, expiresAtMs: 1_800_000_060_000 },
    ...{ answeredBy: null, answerReason: null, answeredAtMs: null, receipt: null, consumedBy: null },
    ...over,
  };
}

/** What goes with a request that nobody but its agent looks for. */
export const ALONE = { keys: [], search: '', notices: [], maxPendingPerAgent: 10 } as const;

/** Joins or makes it; the request that counts, or `null` beyond the agent's bound. */
export async function join(
  store: ApprovalStore,
  row: ApprovalRow,
  maxPendingPerAgent = 10,
): Promise<ApprovalRow | null> {
  return (await store.requestOrJoin(row, { ...ALONE, maxPendingPerAgent }))?.row ?? null;
}

export interface Given {
  readonly state: 'approved' | 'denied';
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

/** One answer that decides, recorded at once: `true` for the first, in time. */
export async function answer(store: ApprovalStore, id: string, { state, by, reason, nowMs }: Given): Promise<boolean> {
  const row = await store.get(id);
  if (row === null) return false;
  const change = { state, answeredBy: by, answerReason: reason, answeredAtMs: nowMs };
  return store.change(id, row.version, change, { unexpiredAtMs: nowMs });
}

/** Uses it up: `true` for the first. */
export async function consume(
  store: ApprovalStore,
  id: string,
  of: { digest: string; nowMs: number },
): Promise<boolean> {
  return (
    (await store.consume(id, of.digest, { journal: 'journal', call: `call-${of.nowMs}`, nowMs: of.nowMs })) !== null
  );
}
