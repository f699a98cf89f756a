import { systemClock } from '../../adapters/clock.ts';
import { candidates } from '../../approvals/approvers/progress.ts';
import { givenOf } from '../../approvals/counting.ts';
import type { Journal } from '../../audit/journal.ts';
import { Problem } from '../../surfaces/admin/problem.ts';
import type { ApprovalOperations } from '../../surfaces/admin/routes/approvals.ts';
import type { Live } from '../live.ts';
import type { Questions } from './open.ts';

/** What an operator does with questions to people. Outcomes are recorded by the approvals themselves. */
export function approvalOperations(
  { approvals, standing }: Questions,
  journal: Journal,
  live: Live,
): ApprovalOperations {
  return {
    async list({ person, ...filter }) {
      if (person === undefined) return approvals.list(filter);
      // Nothing waits for a misspelt name: that must not look like an empty desk.
      if (live.directory.person(person) === undefined)
        throw new Problem(404, 'unknown-person', `there is no person "${person}"`);
      return approvals.listFor(person, filter);
    },
    count: (state) => approvals.count({ state }),
    get: (id) => approvals.get(id),
    mayAnswer(row) {
      const nowMs = systemClock.nowMs();
      if (row.state !== 'pending' || row.expiresAtMs <= nowMs) return [];
      const at = { people: live.directory, rules: live.config.approvals, nowMs, requestedAtMs: row.requestedAtMs };
      return candidates(row.requirement, at, givenOf(row));
    },
    async preview(id, args) {
      const row = await approvals.get(id);
      return row === null ? null : approvals.preview(row, args);
    },
    async answer(id, { state, by, reason, arguments: args = null }) {
      const row = await approvals.get(id);
      if (row === null) return { ok: false, why: 'unknown', message: 'there is no such request' };
      const changed = args === null ? null : await approvals.preview(row, args);
      if (changed?.ok === false) return { ok: false, why: 'proposal', message: changed.message };
      return approvals.vote(id, {
        ...{ person: by, verdict: state, reason, arguments: args },
        digest: changed?.digest ?? row.proposal?.digest ?? row.digest,
        ...{ assurance: 'operator', proof: null, standing: null },
      });
    },
    withdraw: (id, { by, reason }) => approvals.withdraw(id, by, reason),
    standing: () => standing.list(),
    async revokeStanding(id, { by, reason }) {
      const there = standing.get(id);
      if (there === undefined) return false;
      // Ending does not wait for its record: a full disk must not keep it in force.
      if (!(await standing.revoke(id, by, reason))) return false;
      const { agent, server, target, approval } = there;
      const detail = { standing: id, approval, agent, server, target };
      await journal.append({ type: 'admin', act: 'standing.revoke', by, reason, detail });
      return true;
    },
  };
}
