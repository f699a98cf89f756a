import type { WhoIsAsked } from '../../../../approvals/approvers/explain.ts';
import { exactAmount } from '../../../../model/amount.ts';
import type { AskFacts } from '../../../../model/approval-rules.ts';
import { parseAsk } from '../../../../model/ask.ts';
import type { DataClass, ToolEffect } from '../../../../model/tool.ts';
import type { Says } from '../../contract/answers.ts';
import { Problem } from '../../problem.ts';
import { closed, needs, text } from '../../schemas.ts';
import type { AdminRoutes } from '../../server.ts';

/** Who would be asked. Made in `start/`. */
export interface ApproverOperations {
  /** `unknown`: there is no such agent or person. */
  who(question: {
    readonly ask: string;
    readonly agent: string | null;
    readonly subject: string | null;
    readonly facts: AskFacts;
  }): WhoIsAsked | { readonly unknown: string };
}

interface Body {
  readonly ask: string;
  readonly agent?: string;
  readonly subject?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly environment?: string;
  readonly dataClass?: DataClass;
  readonly effect?: ToolEffect;
}

/** `POST /v1/approvers`: changes nothing, and is not recorded. */
export function approverRoutes(operations: ApproverOperations): AdminRoutes {
  const body = {
    ...closed,
    required: ['ask'],
    properties: {
      ask: text(500),
      agent: text(200),
      subject: text(200),
      amount: text(40),
      currency: text(20),
      environment: text(100),
      dataClass: { enum: ['public', 'internal', 'confidential', 'restricted'] },
      effect: { enum: ['read', 'write', 'destructive', 'external', 'credential'] },
    },
  };
  return (app) => {
    app.post<{ Body: Body } & Says<'POST /v1/approvers'>>(
      '/v1/approvers',
      { ...needs('approvals.read'), schema: { body } },
      async (request) => {
        const { ask, agent = null, subject = null, ...given } = request.body;
        const parsed = parseAsk(ask);
        if ('problem' in parsed) throw new Problem(400, 'invalid-ask', `"${ask}" ${parsed.problem}; ${parsed.help}`);
        const answer = operations.who({ ask, agent, subject, facts: factsOf(given) });
        if (isUnknown(answer)) throw new Problem(404, 'unknown', answer.unknown);
        return answer;
      },
    );
  };
}

function factsOf({ amount, ...rest }: Omit<Body, 'ask' | 'agent' | 'subject'>): AskFacts {
  const { currency = null, environment = null, dataClass = null, effect = null } = rest;
  const exact = amount === undefined ? null : exactAmount(amount);
  if (amount !== undefined && exact === null)
    throw new Problem(400, 'invalid-amount', `"${amount}" is no amount: write e.g. 900 or 899.99`);
  return { amount: exact, currency, environment, dataClass, effect };
}

function isUnknown(answer: WhoIsAsked | { readonly unknown: string }): answer is { readonly unknown: string } {
  return 'unknown' in answer;
}
