import { createHash } from 'node:crypto';
import type { Answer, Assurance, ShownRequest, StandingTerms } from '../../model/approval.ts';
import { canonicalize, digestJson, sha256Base64url } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import type { ApprovalRow } from '../../ports/stores.ts';

export const STATEMENT_VERSION = 'interlock-approval-v1';
/** Of the random part of a challenge. */
export const NONCE_BYTES = 16;

/** What one person says about one request, in words a passkey signs the hash of. */
export interface Statement {
  readonly v: typeof STATEMENT_VERSION;
  readonly approval: string;
  readonly verdict: Answer['verdict'];
  readonly approver: string;
  readonly agent: string;
  readonly subject: string | null;
  readonly chain: string;
  readonly server: string;
  readonly target: string | null;
  /** Of the action that runs if this is approved: of the changed one, where arguments were changed. */
  readonly digest: string;
  readonly argumentsDigest: string;
  /** SHA-256 of the RFC 8785 form of everything the page displays about the request. */
  readonly shown: string;
  /** There when the arguments are not those that were asked about. */
  readonly proposal?: true;
  readonly standing: StandingTerms | null;
  readonly reasonDigest: string;
  /** What the request needs at least. */
  readonly assurance: Assurance;
  readonly policyVersion: string;
  readonly askedAt: string;
  readonly expiresAt: string;
}

export interface Signable {
  readonly row: Pick<ApprovalRow, 'id' | 'agent' | 'subject' | 'chain' | 'digest' | 'requestedAtMs' | 'expiresAtMs'>;
  /** As displayed: with the changed arguments, where they are. */
  readonly shown: ShownRequest;
  readonly digest: string;
  readonly assurance: Assurance;
  readonly person: string;
  readonly verdict: Answer['verdict'];
  readonly reason: string;
  readonly standing: StandingTerms | null;
}

/** From the gateway's own record alone; nothing a browser says is in it but the reason, by its hash. Pure. */
export function statementOf(signable: Signable): Statement {
  const { row, shown, digest, assurance, person, verdict, reason, standing } = signable;
  return {
    v: STATEMENT_VERSION,
    approval: row.id,
    verdict,
    approver: person,
    agent: row.agent,
    subject: row.subject,
    chain: row.chain,
    server: shown.server,
    target: shown.target,
    digest,
    argumentsDigest: digestJson(shown.arguments),
    shown: shownDigest(shown),
    ...(digest === row.digest ? {} : { proposal: true }),
    standing,
    reasonDigest: sha256Base64url(reason),
    assurance,
    policyVersion: shown.policy.version,
    askedAt: new Date(row.requestedAtMs).toISOString(),
    expiresAt: new Date(row.expiresAtMs).toISOString(),
  };
}

export function shownDigest(shown: ShownRequest): string {
  return digestJson(shown as unknown as Json);
}

/**
 * The WebAuthn challenge: SHA-256("interlock-approval-v1\0" || nonce || SHA-256(RFC 8785 form of the statement)). `nonce`: 16 bytes,
 * base64url. Whoever holds statement and nonce can say which challenge was signed; nobody can find another statement for it. Pure.
 */
export function challengeOf(nonce: string, statement: JsonObject): Buffer {
  const random = Buffer.from(nonce, 'base64url');
  if (random.length !== NONCE_BYTES) throw new RangeError(`a nonce has ${NONCE_BYTES} bytes`);
  const said = createHash('sha256').update(canonicalize(statement)).digest();
  return createHash('sha256').update(`${STATEMENT_VERSION}\0`).update(random).update(said).digest();
}
