import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer, ShownRequest } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { challengeOf, type Signable, statementOf } from './statement.ts';
import { statementProblem, verifyProof } from './verify.ts';

const NONCE = Buffer.alloc(16, 7).toString('base64url');
const SHOWN = {
  server: 'erp',
  target: 'orders.create',
  arguments: { total: 900, currency: 'EUR' },
  policy: { reasons: [], messages: [], version: 'p1' },
} as unknown as ShownRequest;

function signable(change: Partial<Signable> = {}): Signable {
  return {
    row: {
      ...{ id: 'a-1', agent: 'buyer', subject: 'alice', chain: '[]', digest: 'd-1' },
      ...{ requestedAtMs: 1_795_000_000_000, expiresAtMs: 1_795_000_600_000 },
    },
    ...{ shown: SHOWN, digest: 'd-1', assurance: 'passkey', person: 'alice', verdict: 'approved' },
    ...{ reason: 'checked', standing: null },
    ...change,
  } as Signable;
}

const sha256 = (...parts: (string | Buffer)[]) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

describe('what a passkey signs', () => {
  it('is a statement about the request, and the challenge is its hash as documented', () => {
    const statement = statementOf(signable());
    expect(statement).toEqual({
      ...{ v: 'interlock-approval-v1', approval: 'a-1', verdict: 'approved', approver: 'alice' },
      ...{ agent: 'buyer', subject: 'alice', chain: '[]', server: 'erp', target: 'orders.create', digest: 'd-1' },
      argumentsDigest: sha256('{"currency":"EUR","total":900}').toString('base64url'),
      shown: sha256(canonicalize(SHOWN as unknown as Json)).toString('base64url'),
      ...{ standing: null, assurance: 'passkey', policyVersion: 'p1' },
      reasonDigest: sha256('checked').toString('base64url'),
      ...{ askedAt: '2026-11-18T11:06:40.000Z', expiresAt: '2026-11-18T11:16:40.000Z' },
    });
    const said = sha256(canonicalize(statement as unknown as JsonObject));
    const expected = sha256('interlock-approval-v1\0', Buffer.from(NONCE, 'base64url'), said);
    expect(challengeOf(NONCE, statement as unknown as JsonObject)).toEqual(expected);
    expect(() => challengeOf('short', {})).toThrow(RangeError);
  });

  it('says that arguments were changed', () => {
    expect(statementOf(signable({ digest: 'd-2' }))).toMatchObject({ proposal: true, digest: 'd-2' });
  });

  it('is another for everything a person could see or say otherwise', () => {
    const others: readonly Partial<Signable>[] = [
      { verdict: 'denied' },
      { person: 'bob' },
      { reason: 'checked ' },
      { digest: 'd-2' },
      { shown: { ...SHOWN, arguments: { total: 9000, currency: 'EUR' } } },
      { shown: { ...SHOWN, undo: 'Cancel it' } as ShownRequest },
      { assurance: 'signed-in' },
      { row: { ...signable().row, expiresAtMs: 1_795_000_600_001 } },
      { row: { ...signable().row, chain: '["planner"]' } },
      { standing: { agent: 'buyer' } as never },
    ];
    const challenge = (change: Partial<Signable>) =>
      challengeOf(NONCE, statementOf(signable(change)) as unknown as JsonObject).toString('hex');
    expect(new Set([challenge({}), ...others.map(challenge)]).size).toBe(others.length + 1);
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => a === b || challenge({ reason: a }) !== challenge({ reason: b })),
    );
  });
});

describe('a proof', () => {
  const answer = (statement: object): Answer =>
    ({
      ...{ person: 'alice', verdict: 'approved', reason: 'checked', digest: 'd-1', standing: null },
      proof: { statement },
    }) as unknown as Answer;

  it('agrees with the record in every point, or the point is named', () => {
    const statement = statementOf(signable());
    const problem = (change: object) =>
      statementProblem({ approval: 'a-1', answer: answer({ ...statement, ...change }) });
    expect(problem({})).toBeNull();
    expect(problem({ approval: 'a-2' })).toContain('request');
    expect(problem({ verdict: 'denied' })).toContain('verdict');
    expect(problem({ approver: 'bob' })).toContain('approver');
    expect(problem({ digest: 'd-2' })).toContain('digest');
    expect(problem({ reasonDigest: 'x' })).toContain('reason');
    expect(problem({ standing: { agent: 'buyer' } })).toContain('from now on');
  });

  it('that is none is the answer, whatever it is', async () => {
    await fc.assert(fc.asyncProperty(fc.anything(), async (value) => !(await verifyProof(value as never)).ok));
    const texts = { credentialId: 'a', publicKey: 'a', authenticatorData: 'a', signature: 'a', nonce: NONCE };
    const whole = { ...texts, rpId: 'gw.example', origin: 'https://gw.example', clientDataJSON: 'e30', statement: {} };
    const why = async (change: object) => await verifyProof({ ...whole, ...change } as never);
    expect(await why({ nonce: 'AAAA' })).toMatchObject({ problem: 'the nonce has not 16 bytes' });
    expect(await why({ origin: 'https://gw.example.evil' })).toMatchObject({
      problem: expect.stringContaining('site'),
    });
    const framed = Buffer.from('{"crossOrigin":true}').toString('base64url');
    expect(await why({ clientDataJSON: framed })).toMatchObject({ problem: expect.stringContaining('inside') });
    expect(await why({ statement: { v: 'interlock-approval-v0' } })).toMatchObject({
      problem: expect.stringContaining('version'),
    });
  });
});
