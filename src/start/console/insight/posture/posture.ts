import type { PostureAnswer } from '../../../../model/insight/overview.ts';
import { kept } from '../parts.ts';
import { agentAnswers } from './agents.ts';
import { estateAnswers } from './estate.ts';
import { type Facts, gather, type PostureParts } from './gather.ts';
import { peopleAnswers } from './people.ts';

/** Looking costs turns of the event loop: once a minute for everybody who asks. */
const EVERY_MS = 60_000;
const ORDER: readonly PostureAnswer['state'][] = ['bad', 'warn', 'good'];

/** What a careful operator would ask, answered from what is there now; what is to be done first. */
export function openPosture(parts: PostureParts): () => Promise<readonly PostureAnswer[]> {
  return kept(async () => answersTo(await gather(parts)), {
    nowMs: () => parts.gateway.clock.nowMs(),
    forMs: EVERY_MS,
  });
}

export function answersTo(facts: Facts): readonly PostureAnswer[] {
  const all = [...agentAnswers(facts), ...peopleAnswers(facts), ...estateAnswers(facts)];
  return all.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}
