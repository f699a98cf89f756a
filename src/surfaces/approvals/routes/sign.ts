import { randomBytes } from 'node:crypto';
import { challengeOf, NONCE_BYTES } from '../../../approvals/signing/statement.ts';
import type { PasskeyProof } from '../../../model/approval.ts';
import { isObject, type JsonObject } from '../../../model/json.ts';
import { sendJson } from '../../account/web/answer.ts';
import { checkStill, readJson, Shown, type Visit, type Who } from '../../account/web/visit.ts';
import { requestPath } from '../from.ts';
import type { ApprovalPageParts } from '../options.ts';
import { FORM_BYTES, readWanted, type Saying, saying, vote, type Wanted } from '../wanted.ts';

/** What the gateway keeps of a ceremony: enough to say anew what must have been signed. */
interface Kept {
  readonly id: string;
  readonly nonce: string;
  readonly wanted: Wanted;
}

/** POST /approvals/:id/sign/options: what this person is about to say, as a challenge for their own passkeys. */
export async function signOptions(parts: ApprovalPageParts, visit: Visit, at: { who: Who; id: string }): Promise<void> {
  const body = await readJson(visit, FORM_BYTES);
  const { who, id } = at;
  const { person, session } = who;
  if (!(await parts.throttle.take('challenge', `person ${person.id}`)))
    throw new Shown(429, 'Too many tries', 'Wait a quarter of an hour and try again.');
  const wanted = readWanted((name) => (typeof body[name] === 'string' ? body[name] : ''));
  const { statement } = await saying(parts, { person, id }, wanted);
  const nonce = randomBytes(NONCE_BYTES).toString('base64url');
  const challenge = challengeOf(nonce, statement as unknown as JsonObject);
  const kept: Kept = { id, nonce, wanted };
  const ceremony = { visit: session.id, person };
  const options = await parts.passkeys.signing(ceremony, { challenge, kept: kept as unknown as JsonObject });
  if (options === null)
    throw new Shown(
      409,
      'You have no passkey',
      'This request is answered with a passkey. Add one on your account page.',
    );
  sendJson(visit, 200, options);
}

/** POST /approvals/:id/sign: the passkey's answer. What it must have signed is said anew from the request as it is now. */
export async function sign(parts: ApprovalPageParts, visit: Visit, at: { who: Who; id: string }): Promise<void> {
  const { answer } = await readJson(visit, FORM_BYTES);
  if (!isObject(answer)) throw new Shown(400, 'Nothing was signed', 'The answer of the authenticator is missing.');
  const { person, session } = at.who;
  const ceremony = { visit: session.id, person };
  const signed = await parts.passkeys.signed(ceremony, answer, (kept) => again(parts, at, kept as unknown as Kept));
  if (signed === null) {
    parts.log.warn({ person: person.id, approval: at.id }, 'a signature under an approval was refused');
    throw new Shown(
      403,
      'The signature was refused',
      'It is not one of your passkeys, took too long, or was used before. Nothing was answered. Load the page again.',
    );
  }
  const { said, nonce } = signed.expected;
  const proof: PasskeyProof = { ...signed.proof, nonce, statement: said.statement as unknown as JsonObject };
  await checkStill(visit);
  await vote(parts, said, { person: person.id, assurance: 'passkey', proof });
  const { verdict: done, fromConsole } = said.wanted;
  sendJson(visit, 200, { to: requestPath(at.id, { done, fromConsole }) });
}

async function again(
  parts: ApprovalPageParts,
  { who, id }: { readonly who: Who; readonly id: string },
  kept: Kept,
): Promise<{ readonly challenge: Uint8Array; readonly said: Saying; readonly nonce: string } | null> {
  if (kept.id !== id) return null;
  const said = await saying(parts, { person: who.person, id }, kept.wanted);
  return { challenge: challengeOf(kept.nonce, said.statement as unknown as JsonObject), said, nonce: kept.nonce };
}
