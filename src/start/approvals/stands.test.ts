import { expect, it } from 'vitest';
import { type Questions, stands } from './open.ts';

/** Requirement CR3: a tool that has not begun does not begin on an answer that was taken back. */
it('what people answered stands while the call it let through has it, or the standing approval is in force', async () => {
  const rows: Record<string, string> = { used: 'consumed', denied: 'denied', withdrawn: 'withdrawn', open: 'approved' };
  const questions = {
    approvals: { get: async (id: string) => (rows[id] === undefined ? null : { state: rows[id] }) },
    standing: {
      of: (agent: string) =>
        agent === 'buyer'
          ? [
              { id: 's-1', state: 'active' },
              { id: 's-2', state: 'revoked' },
            ]
          : [],
    },
  } as unknown as Questions;
  const answers = await Promise.all(
    ['used', 'denied', 'withdrawn', 'open', 's-1', 's-2', 'unknown'].map((id) => stands(questions, id, 'buyer')),
  );
  expect(answers).toEqual([true, false, false, false, true, false, false]);
  expect(await stands(questions, 's-1', 'seller')).toBe(false);
});
