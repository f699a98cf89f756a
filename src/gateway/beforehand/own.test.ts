import { describe, expect, it } from 'vitest';
import { approvalRow } from '../../../test/contract/approval-row.ts';
import { input, labels } from '../../../test/policy/company.ts';
import type { Answer } from '../../model/approval.ts';
import type { Decision } from '../../model/decision.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import type { Gateway } from '../gateway.ts';
import type { Known } from '../steps/resolve.ts';
import type { Trace } from '../trace.ts';
import { useOwnApproval } from './own.ts';

const KNOWN: Known = { state: 'known', labels: labels('write'), pin: 'p', definition: null, findings: [] };
const DECISION = { effect: 'ask', asks: [], ask: [] } as never as Decision;

interface Case {
  readonly row?: Partial<ApprovalRow> | null;
  readonly met?: boolean;
  readonly used?: boolean;
  readonly unchanged?: boolean;
  readonly scopes?: readonly string[];
  readonly digest?: string;
}

/** A call of the procurement agent for bob, with a token that carries the approval `a1` of exactly this call. */
async function tried({ row = {}, met = true, used = true, unchanged = true, scopes = [], digest }: Case) {
  const { caller, action } = input();
  const answer = { person: 'bob', verdict: 'approved', digest: action.digest, atMs: 5 } as Answer;
  const approved = approvalRow('a1', {
    ...{ kind: 'backchannel', agent: caller.agent.id, subject: 'bob', digest: action.digest, state: 'approved' },
    ...{ answers: [answer], context: '{"pin":"p"}', ...row },
  });
  const asked: string[] = [];
  const gateway = {
    approvals: {
      get: async () => (row === null ? null : approved),
      met: () => met,
      use: async (...names: string[]) => {
        asked.push(...names);
        return used ? approved : null;
      },
    },
    unchanged: () => unchanged,
  } as never as Gateway;
  const own = { approval: 'a1', digest: digest ?? action.digest };
  const acting = { ...caller, subject: 'bob', scopes, approved: own };
  const attempt = { caller: acting, action, server: { id: action.server, environment: null } };
  const trace = { attempt, call: 'c1', facts: {} } as never as Trace;
  return { answer: await useOwnApproval(gateway, trace, { known: KNOWN, decision: DECISION }), asked, action };
}

describe('HU2: an approval of one’s own', () => {
  it('is used up by this call, by whom it was signed', async () => {
    const { answer, asked, action } = await tried({});
    expect(asked).toEqual(['a1', action.digest, 'c1']);
    expect(answer).toMatchObject({
      code: null,
      approved: { outcome: 'approved', id: 'a1', signed: [{ person: 'bob', atMs: 5 }], digest: action.digest },
    });
  });

  it.each<[string, Case]>([
    ['is not there any more', { row: null }],
    ['is another agent’s', { row: { agent: 'ops' } }],
    ['is for another person', { row: { subject: 'alice' } }],
    ['was given to a call, not beforehand', { row: { kind: 'call' } }],
    ['came to something else', { row: { proposal: { arguments: {}, digest: 'other', by: 'bob', atMs: 0 } } }],
    ['was about another definition of the tool', { row: { context: '{"pin":"q"}' } }],
    ['lacks somebody who is asked now', { met: false }],
    ['was used before', { used: false }],
  ])('that %s lets nothing through', async (_what, given) => {
    expect((await tried(given)).answer).toEqual({ code: 'insufficient-scope', id: null, lock: null });
    // A token that could do without is asked about as any other.
    expect((await tried({ ...given, scopes: ['crm:write'] })).answer).toBeNull();
  });

  it('is of no use to whoever was changed meanwhile, or for another action', async () => {
    expect((await tried({ unchanged: false })).answer).toMatchObject({ code: 'approval-expired' });
    expect((await tried({ digest: 'another' })).answer).toBeNull();
  });
});
