/**
 * Why a policy could not be evaluated (overflow, missing attribute, wrong type). Thrown inside the evaluator only and
 * always turned into data there. Not an Error: capturing a stack would cost more than the whole decision.
 */
export class EvaluationFailure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

export function fail(message: string): never {
  throw new EvaluationFailure(message);
}
