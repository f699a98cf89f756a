import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyOutcome } from '../../src/approvals/signing/outcome.ts';
import { challengeOf } from '../../src/approvals/signing/statement.ts';
import type { Answer } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type ApprovalWorld, answerAs, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';

/**
 * HU3: whoever holds the key of the journal can write any record and prove that it lies there. What passkeys signed they cannot write: a
 * record that says more than that is found with nothing but itself.
 */
let world: ApprovalWorld;
let bob: SignedIn;
let carol: SignedIn;
let honest: string;

beforeAll(async () => {
  world = await openApprovalWorld();
  [bob, carol] = [await world.person('bob'), await world.person('carol')];
  const { id } = await world.park('buyer', order(6_000));
  for (const person of [bob, carol]) expect((await answerAs(person, id)).status).toBe(200);
  honest = JSON.stringify(await world.outcome(id));
}, 120_000);
afterAll(() => world?.close());

interface Forged {
  readonly detail: { outcome: string; assurance: string; answers: Answer[] };
}

/** The honest record, and what becomes of it. */
async function verified(forge: (record: Forged) => void) {
  const record = JSON.parse(honest) as Forged;
  forge(record);
  return verifyOutcome(record as unknown as JsonObject);
}

describe('a record of two answers', () => {
  it('that is honest stands, with the passkey of each', async () => {
    const report = await verified(() => {});
    expect(report).toMatchObject({ ok: true, problems: [] });
    expect(report?.answers.map(({ passkey }) => passkey?.credentialId)).toEqual([bob.key.id, carol.key.id]);
  });

  it.each<[string, string, (record: Forged) => void]>([
    [
      'counts one person twice',
      'the answer of one person is counted twice',
      ({ detail }) => detail.answers.splice(1, 1, detail.answers[0]!),
    ],
    [
      'has the signature of one under the name of the other',
      'another approver',
      ({ detail }) => detail.answers.splice(1, 1, { ...detail.answers[0]!, person: 'carol' }),
    ],
    [
      'lets one passkey sign for somebody else as well',
      'signed for somebody else as well',
      ({ detail }) => detail.answers.splice(1, 1, forgedBy(bob, detail.answers[1]!)),
    ],
    ['comes to what no request comes to', 'does not come to that', ({ detail }) => (detail.outcome = 'consumed')],
    [
      'was answered when what was signed had expired',
      'had expired',
      ({ detail }) => detail.answers.splice(1, 1, { ...detail.answers[1]!, atMs: 4_000_000_000_000 }),
    ],
    [
      'needs passkeys, and one of them is only said to have been there',
      'carol used none',
      ({ detail }) => detail.answers.splice(1, 1, { ...detail.answers[1]!, assurance: 'signed-in', proof: null }),
    ],
  ])('that %s is found', async (_what, problem, forge) => {
    const report = await verified(forge);
    expect(report?.ok).toBe(false);
    expect([...report!.problems, ...report!.answers.map((each) => each.problem)].join()).toContain(problem);
  });

  it('needs no passkeys says for whom there was none', async () => {
    const report = await verified(({ detail }) => {
      detail.assurance = 'signed-in';
      detail.answers = detail.answers.map((each) => ({ ...each, assurance: 'signed-in', proof: null }));
    });
    expect(report?.answers.map(({ passkey }) => passkey)).toEqual([null, null]);
  });
});

/** What the other's passkey never signed, signed whole by one's own. */
function forgedBy({ key }: SignedIn, answer: Answer): Answer {
  const { statement, nonce, ...rest } = answer.proof!;
  const signed = key.sign({ challenge: challengeOf(nonce, statement).toString('base64url') });
  const own = (JSON.parse(honest) as Forged).detail.answers[0]!.proof!;
  const parts = signed.response as Pick<typeof rest, 'authenticatorData' | 'clientDataJSON' | 'signature'>;
  const { credentialId, publicKey } = own;
  return { ...answer, proof: { ...rest, ...parts, credentialId, publicKey, statement, nonce } };
}
