import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { kept } from '../parts.ts';
import { agentAnswers } from './agents.ts';
import { estateAnswers } from './estate.ts';
import { type Facts, gather, type PostureParts } from './gather.ts';
import { peopleAnswers } from './people.ts';

/** Looking costs turns of the event loop: once a minute for everybody who asks. */
const EVERY_MS = 60_000;
const ORDER: readonly PostureAnswer['state'][] = ['bad', 'warn', 'good'];

/** For whoever only wants to know whether something is bad. */
const LATEST_MS = 5 * EVERY_MS;

/** What a careful operator would ask, answered from what is there now; what is to be done first. */
export interface Posture {
  ask(): Promise<readonly PostureAnswer[]>;
  /** As they were when somebody last asked; looked at again, for the next one, when that is long ago. Never waits. */
  latest(): readonly PostureAnswer[];
}

export function openPosture(parts: PostureParts): Posture {
  const nowMs = (): number => parts.gateway.clock.nowMs();
  let latest: readonly PostureAnswer[] = [];
  let atMs = Number.NEGATIVE_INFINITY;
  const ask = kept(
    async () => {
      atMs = nowMs();
      return (latest = answersTo(await gather(parts)));
    },
    { nowMs, forMs: EVERY_MS },
  );
  return {
    ask,
    latest() {
      // One that fails is tried again with the next question, and told to whoever waits for it.
      if (nowMs() - atMs > LATEST_MS) ask().catch(() => {});
      return latest;
    },
  };
}

export function answersTo(facts: Facts): readonly PostureAnswer[] {
  const all = [...agentAnswers(facts), ...peopleAnswers(facts), ...estateAnswers(facts)];
  return all.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}
