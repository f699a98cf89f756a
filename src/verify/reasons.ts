/** Why an action is not to be carried out: one for each thing that is checked, in the words of whoever reads the tool's log. */
export const REASONS = {
  missing: 'the call carries no credential: it did not come through the gateway',
  malformed: 'the credential is not a signed JWT of the expected size',
  typ: 'the JWT is of another type than interlock-action+jwt',
  alg: 'the credential is not signed with ES256',
  'unknown-key': 'the credential is signed with a key the gateway does not publish',
  'keys-unavailable': 'the keys of the gateway could not be read',
  signature: 'the signature of the credential is wrong',
  claims: 'the credential does not say what a credential of one action says',
  issuer: 'the credential comes from another gateway',
  audience: 'the credential is for somebody else',
  expired: 'the credential has expired',
  'not-yet': 'the credential is from the future: check the clocks',
  server: 'the credential is for another server',
  method: 'the credential is for another method',
  tool: 'the credential is for another tool',
  arguments: 'the credential is for other arguments',
  'proof-missing': 'the credential is bound to a key, and no proof of that key came with it',
  proof: 'the proof is no valid DPoP proof',
  'proof-key': 'the proof is by another key than the one the credential is bound to',
  'proof-token': 'the proof is for another credential',
  'proof-request': 'the proof is for another request',
  used: 'the credential was used before',
  busy: 'more credentials are alive than can be remembered',
  stopped: 'the gateway has stopped this action',
  'redeem-refused': 'the gateway does not know this credential as good',
  'redeem-unavailable': 'the gateway could not be asked whether the action may begin',
} as const;

export type Reason = keyof typeof REASONS;

export class Refused extends Error {
  readonly reason: Reason;

  constructor(reason: Reason, cause?: unknown) {
    super(REASONS[reason], cause === undefined ? undefined : { cause });
    this.name = 'Refused';
    this.reason = reason;
  }
}
