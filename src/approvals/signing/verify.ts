import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import type { Answer, PasskeyProof } from '../../model/approval.ts';
import { canonicalize, sha256Base64url } from '../../model/canonical.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { passkeyThumbprint } from '../../model/passkey.ts';
import { challengeOf, STATEMENT_VERSION } from './statement.ts';

export type ProofReport =
  | {
      readonly ok: true;
      readonly credentialId: string;
      /** Compare it with the record of the passkey's enrolment (`person.passkey-set`). */
      readonly thumbprint: string;
      readonly origin: string;
    }
  | { readonly ok: false; readonly problem: string };

/**
 * Checks a proof with nothing but itself: the signature is that of its key over its statement, made for this site, with the person
 * verified by the authenticator. Whose key it is, says the record of its enrolment. Total: whatever is wrong is the answer.
 */
export async function verifyProof(proof: PasskeyProof): Promise<ProofReport> {
  const problem = shapeProblem(proof) ?? siteProblem(proof);
  if (problem !== null) return { ok: false, problem };
  if (proof.statement.v !== STATEMENT_VERSION)
    return { ok: false, problem: `the statement is not of version ${STATEMENT_VERSION}` };
  try {
    const checked = await verifyAuthenticationResponse({
      response: {
        id: proof.credentialId,
        rawId: proof.credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: {
          authenticatorData: proof.authenticatorData,
          clientDataJSON: proof.clientDataJSON,
          signature: proof.signature,
        },
      },
      expectedChallenge: challengeOf(proof.nonce, proof.statement).toString('base64url'),
      expectedOrigin: proof.origin,
      expectedRPID: proof.rpId,
      requireUserVerification: true,
      // What the counter was before is known to the gateway alone, which looked when it took the answer.
      credential: {
        id: proof.credentialId,
        publicKey: new Uint8Array(Buffer.from(proof.publicKey, 'base64url')),
        counter: 0,
      },
    });
    if (!checked.verified || !checked.authenticationInfo.userVerified)
      return { ok: false, problem: 'the signature is not that of the passkey over this statement' };
  } catch (error) {
    return { ok: false, problem: `the passkey's answer does not stand: ${(error as Error).message}` };
  }
  const { credentialId, publicKey, origin } = proof;
  return { ok: true, credentialId, thumbprint: passkeyThumbprint(publicKey), origin };
}

const TEXTS = [
  'credentialId',
  'publicKey',
  'rpId',
  'origin',
  'nonce',
  'authenticatorData',
  'clientDataJSON',
  'signature',
] as const satisfies readonly (keyof PasskeyProof)[];

function shapeProblem(proof: unknown): string | null {
  if (!isObject(proof) || !isObject(proof.statement)) return 'there is no proof of a passkey';
  const missing = TEXTS.find((name) => typeof proof[name] !== 'string');
  if (missing !== undefined) return `the proof has no ${missing}`;
  return Buffer.from(proof.nonce as string, 'base64url').length === 16 ? null : 'the nonce has not 16 bytes';
}

/** A passkey signs for the site its page came from: the page's origin lies within the name the passkey was made for. */
function siteProblem({ origin, rpId, clientDataJSON }: PasskeyProof): string | null {
  const host = URL.canParse(origin) ? new URL(origin).hostname : '';
  if (host !== rpId && !host.endsWith(`.${rpId}`)) return 'the page was not on the site the passkey is for';
  return isFramed(clientDataJSON) ? 'the page was inside the page of another site' : null;
}

/** Whether the browser says that the page lay in a frame of another origin (WebAuthn level 3, `crossOrigin`). */
function isFramed(clientDataJSON: string): boolean {
  try {
    const data = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')) as { crossOrigin?: unknown };
    return data.crossOrigin === true;
  } catch {
    return true;
  }
}

/** What a record says of one request, as far as its answers must agree with it. */
export interface Answered {
  readonly approval: string;
  readonly answer: Answer;
}

/** What the record says and the statement does not; `null`: they agree. Pure. */
export function statementProblem({ approval, answer }: Answered): string | null {
  const statement = answer.proof?.statement;
  if (statement === undefined) return 'nothing was signed';
  const expected: Readonly<Record<string, Json>> = {
    approval,
    verdict: answer.verdict,
    approver: answer.person,
    digest: answer.digest,
    reasonDigest: sha256Base64url(answer.reason),
  };
  for (const [name, value] of Object.entries(expected)) {
    if (statement[name] !== value) return `what was signed has another ${WORDS[name] ?? name} than the record`;
  }
  return sameTerms(statement, answer) ? null : 'what was signed allows something else from now on than the record';
}

const WORDS: Readonly<Record<string, string>> = {
  approval: 'request',
  digest: 'action (digest)',
  reasonDigest: 'reason',
};

function sameTerms(statement: JsonObject, { standing }: Answer): boolean {
  return canonicalize(statement.standing ?? null) === canonicalize((standing ?? null) as unknown as Json);
}
