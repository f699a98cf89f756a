import { systemClock } from '../../../adapters/clock.ts';
import type { Log } from '../../../gateway/gateway.ts';
import type { Stores } from '../../../ports/stores.ts';
import type { Account } from '../../../surfaces/account/account.ts';
import type { DoorRules } from '../../../surfaces/http/door.ts';
import type { Handler } from '../../../surfaces/http/listener.ts';
import { pushDoor } from '../../../surfaces/push/push.ts';
import { slackDoor } from '../../../surfaces/slack/slack.ts';
import type { Questions } from '../open.ts';
import type { Delivery } from './delivery.ts';

export interface ReachParts {
  readonly delivery: Delivery;
  readonly questions: Questions;
  readonly stores: Stores;
  readonly account: Pick<Account, 'personOf'>;
  readonly rules: DoorRules;
  readonly origin: () => string;
  readonly log: Log;
}

/** What channels come back through: answers given in Slack, browsers that subscribe. */
export interface ReachDoor {
  serves(path: string): boolean;
  readonly handle: Handler;
  /** Waits for answers that are being taken. */
  close(): Promise<void>;
}

export function reachDoor({ delivery, questions, stores, account, rules, origin, log }: ReachParts): ReachDoor {
  const { approvals } = questions;
  const { notices, replay } = stores;
  const slack = slackDoor({ ...delivery.slack, approvals, notices, replay, rules, origin, clock: systemClock, log });
  const push = pushDoor({ ...delivery.push, rules, origin, personOf: account.personOf });
  return {
    serves: (path) => slack.serves(path) || push.serves(path),
    handle: (request, response, path) =>
      slack.serves(path) ? slack.handle(request, response) : push.handle(request, response, path),
    close: () => slack.close(),
  };
}
