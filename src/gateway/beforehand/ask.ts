import type { ApprovalRequest, Opened } from '../../approvals/types.ts';
import type { Assurance, SentencePart } from '../../model/approval.ts';
import { visibleText } from '../../model/visible.ts';
import { question, withSubject } from '../asking/question.ts';
import type { Gateway } from '../gateway.ts';
import { callFacts } from '../steps/record.ts';
import { undisclosedDigest } from '../tiers/approved.ts';
import { type Beforehand, weigh } from './weigh.ts';

export interface AskBeforehand extends Omit<Beforehand, 'disclosed'> {
  /** base64url SHA-256 of the RFC 8785 form of arguments nobody is shown. `null`: they are shown. */
  readonly argumentsDigest: string | null;
  /** Written by the agent. */
  readonly bindingMessage: string | null;
  /** More proof than is configured. `null`: as configured. */
  readonly assurance: Assurance | null;
  readonly ttlMs: number;
}

/**
 * Asks people about one tool call before it is made: the person it is for, and whom the policies ask. An action that policies permit is
 * asked about all the same. `null`: it is denied. The question is on record before anybody is asked.
 *
 * Faults: `overloaded`, `too-large`, `journal-unavailable`, `internal`.
 */
export async function askBeforehand(gateway: Gateway, asked: AskBeforehand): Promise<Opened | null> {
  const weighed = await weigh(gateway, { ...asked, disclosed: asked.argumentsDigest === null });
  if (weighed === null) return null;
  const { trace, known } = weighed;
  const decision = {
    ...weighed.decision,
    effect: 'ask',
    asks: withSubject(weighed.decision.asks ?? [], asked.agent.id),
  } as const;
  const facts = callFacts(trace, { known, decision, code: 'approval-pending', lock: null });
  await gateway.journal.append({ type: 'refusal', ...facts });
  await gateway.journal.append({
    ...{ type: 'admin', act: 'backchannel.ask', by: asked.agent.id, reason: asked.agent.purpose },
    detail: {
      ...{ call: trace.call, subject: asked.person.id, bindingMessage: asked.bindingMessage },
      ...{ digest: trace.attempt.action.digest, argumentsDigest: asked.argumentsDigest },
    },
  });
  const request = question(gateway, trace, { known, decision, entry: { watched: weighed.watched } });
  return gateway.approvals.open(beforehand(request, asked));
}

/** The same question, about a call that comes later and may never come. */
function beforehand(request: ApprovalRequest, asked: AskBeforehand): ApprovalRequest {
  const { server, tool, argumentsDigest, bindingMessage, assurance, ttlMs } = asked;
  const { shown } = request;
  const hidden: readonly SentencePart[] = [
    {
      text: `Call ${visibleText(tool, { maxChars: 256 })} on ${server} with arguments that are not disclosed. Their SHA-256: `,
    },
    { argument: 'arguments_digest', value: argumentsDigest, missing: false },
  ];
  return {
    ...request,
    kind: 'backchannel',
    digest: argumentsDigest === null ? request.digest : undisclosedDigest(server, tool, argumentsDigest),
    context: { ...request.context, bindingMessage, ...(argumentsDigest === null ? {} : { undisclosed: true }) },
    shown: {
      ...shown,
      ...(argumentsDigest === null ? {} : { sentence: hidden, reviewed: false, touches: null }),
      ...{ bindingMessage, argumentsDigest },
    },
    ...{ ttlMs, assurance },
  };
}
