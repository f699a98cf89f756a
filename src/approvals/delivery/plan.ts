import { digestJson } from '../../model/canonical.ts';
import type { Person } from '../../model/person.ts';
import type { ApprovalRow, NoticeRow } from '../../ports/stores.ts';

/** What can be used, and when. */
export interface PlanSettings {
  readonly email: boolean;
  readonly slack: boolean;
  /** A Slack channel is told besides people. */
  readonly slackChannel: boolean;
  readonly webPush: boolean;
  readonly webhook: boolean;
  /** Whether a browser of theirs wants messages. */
  readonly isSubscribed: (person: string) => boolean;
  /** The end of the quiet hours that hold now; `null`: none do. */
  readonly quietUntilMs: (nowMs: number) => number | null;
}

export interface Planned {
  readonly row: ApprovalRow;
  readonly kind: 'asked' | 'escalated' | 'answered' | 'expired' | 'withdrawn';
  readonly nowMs: number;
}

type Place = Pick<NoticeRow, 'channel' | 'recipient'>;

/**
 * Who is told what, and where. Pure, and the same rows whenever it is asked the same: adding them again adds nothing. What asks something
 * goes to people; what says that it is over goes to programs, and changes what people were sent where that can be changed.
 */
export function planNotices(
  planned: Planned,
  candidates: readonly Person[],
  settings: PlanSettings,
): readonly NoticeRow[] {
  const { row, kind, nowMs } = planned;
  const asks = kind === 'asked' || kind === 'escalated';
  const places = asks ? [...people(candidates, settings), ...shared(settings)] : updates(settings);
  const quietUntilMs = row.requirement.urgent ? null : settings.quietUntilMs(nowMs);
  return places.map(({ channel, recipient }) => ({
    id: digestJson({ approval: row.id, kind, occasion: row.version, channel, recipient }),
    ...{ approval: row.id, kind, channel, recipient, state: 'waiting' as const, attempts: 0 },
    // Programs do not sleep, and a message that changes wakes nobody.
    dueMs: asks && channel !== 'webhook' ? Math.max(nowMs, quietUntilMs ?? nowMs) : nowMs,
    ...{ ticket: null, openedAtMs: null, error: null, createdAtMs: nowMs, sentAtMs: null, place: null },
  }));
}

function people(candidates: readonly Person[], settings: PlanSettings): Place[] {
  const active = new Map(candidates.filter((person) => person.active).map((person) => [person.id, person]));
  return [...active.values()].flatMap(({ id, email }): Place[] => [
    // Members of a Slack workspace are found by their address.
    ...(settings.email && email !== null ? [{ channel: 'email', recipient: id } as const] : []),
    ...(settings.slack && email !== null ? [{ channel: 'slack', recipient: id } as const] : []),
    ...(settings.webPush && settings.isSubscribed(id) ? [{ channel: 'web-push', recipient: id } as const] : []),
  ]);
}

function shared({ slack, slackChannel, webhook }: PlanSettings): Place[] {
  return [
    ...(slack && slackChannel ? [{ channel: 'slack', recipient: null } as const] : []),
    ...(webhook ? [{ channel: 'webhook', recipient: null } as const] : []),
  ];
}

function updates({ slack, webhook }: PlanSettings): Place[] {
  return [
    ...(slack ? [{ channel: 'slack', recipient: null } as const] : []),
    ...(webhook ? [{ channel: 'webhook', recipient: null } as const] : []),
  ];
}
