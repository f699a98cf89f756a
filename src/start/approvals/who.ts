import { explainAsk } from '../../approvals/approvers/explain.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ApproverOperations } from '../../surfaces/admin/routes/approvers/who.ts';
import type { Live } from '../live.ts';

/** Answers from what is in force: the configuration, and everybody the directory knows. */
export function approverOperations(live: Pick<Live, 'config' | 'directory'>, clock: Clock): ApproverOperations {
  return {
    who({ ask, agent, subject, facts }) {
      const { directory, config } = live;
      const known = agent === null ? undefined : directory.agent(agent);
      if (agent !== null && known === undefined) return { unknown: `there is no agent "${agent}"` };
      if (subject !== null && directory.person(subject) === undefined)
        return { unknown: `there is no person "${subject}"` };
      const starters = [subject, known?.owner ?? null].filter((id) => id !== null);
      const nowMs = clock.nowMs();
      const context = { facts, rules: config.approvals, starters, subject };
      const at = { people: directory, rules: config.approvals, nowMs, requestedAtMs: nowMs };
      return explainAsk([{ text: ask, agent: agent ?? '' }], context, at);
    },
  };
}
