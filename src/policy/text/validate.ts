import type { PolicySet, Schema, ValidationError } from '@cedar-policy/cedar-wasm/nodejs';
import { withCedar } from './wasm.ts';

export interface ValidationVerdict {
  readonly errors: readonly ValidationError[];
  readonly warnings: readonly ValidationError[];
}

/** The validator only warns about policies that can never apply; a rule that is silently inert is a mistake here. */
export const INERT = /unable to find an applicable action|policy is impossible/;
const NEVER_APPLIES = /unable to find an applicable action/;

/**
 * Strict validation against a schema by the official validator. Throws `CedarTrap`; a schema or a policy that does not even
 * parse is one error under the policy id ''. `inert`: policies that cannot match any valid request count as errors.
 */
export function validatePolicies(
  schema: Schema,
  policies: PolicySet,
  options: { inert?: boolean } = {},
): ValidationVerdict {
  const answer = withCedar((cedar) => cedar.validate({ schema, policies }));
  if (answer.type === 'failure')
    return { errors: answer.errors.map((error) => ({ policyId: '', error })), warnings: [] };
  const refused = options.inert === true ? INERT : NEVER_APPLIES;
  const inert = answer.validationWarnings.filter((warning) => refused.test(warning.error.message));
  return {
    errors: [...answer.validationErrors, ...inert],
    warnings: answer.validationWarnings.filter((warning) => !refused.test(warning.error.message)),
  };
}
