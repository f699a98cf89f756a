import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyOutcome } from '../../src/approvals/signing/outcome.ts';
import type { JsonObject } from '../../src/model/json.ts';
import {
  type ApprovalWorld,
  answerAs,
  begin,
  openApprovalWorld,
  order,
  type SignedIn,
} from '../people/approvals-world.ts';

/** HU3: whoever changes an amount, in the store before the signature or in the record after it, is found by the signature. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

function tamper(id: string, from: string, to: string): number {
  const db = new DatabaseSync(join(world.dir, '.interlock', 'interlock.db'));
  try {
    const sql = 'UPDATE interlock_approvals SET request = replace(request, ?, ?) WHERE id = ?';
    return Number(db.prepare(sql).run(from, to, id).changes);
  } finally {
    db.close();
  }
}

describe('an amount that was tampered with', () => {
  it('in the store, between page and signature, makes the signature worthless', async () => {
    const { id } = await world.park('buyer', order(1_100));
    const options = JSON.parse((await begin(alice, id)).text);
    expect(tamper(id, '1100', '4100')).toBe(1);
    const answer = alice.key.sign(options);
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(409);
    expect(await world.row(id)).toMatchObject({ state: 'pending', answers: [] });
    tamper(id, '4100', '1100');
    expect((await answerAs(alice, id)).status).toBe(200);
  });

  it.each([
    ['the arguments', /"total":1200/g, '"total":12000'],
    ['the digest of the action', /"digest":"/g, '"digest":"x'],
    ['who signed', /"person":"alice"/g, '"person":"carol"'],
    ['the verdict', /"verdict":"approved"/g, '"verdict":"denied"'],
    ['what it was about', /"target":"orders.create"/g, '"target":"orders.cancel"'],
    ['the reason', /checked by phone/g, 'checked twice by phone'],
    ['that a passkey signed', /"proof":{/g, '"proof":null,"was":{'],
    ['the signature', /("signature":".{40})..../g, '$1AAAA'],
    ['the nonce', /"nonce":"..../g, '"nonce":"AAAA'],
    ['the key', /("publicKey":".{40})..../g, '$1AAAA'],
  ])('in the record afterwards is found without any store: %s', async (name, from, to) => {
    const known = (await world.records()).find(
      (each) => each.type === 'admin' && each.act === 'approval.outcome' && each.reason === 'checked by phone',
    );
    if (known === undefined) {
      const { id } = await world.park('buyer', order(1_200));
      expect((await answerAs(alice, id, { reason: 'checked by phone' })).status).toBe(200);
    }
    const record = (await world.records()).find(
      (each) => each.type === 'admin' && each.act === 'approval.outcome' && each.reason === 'checked by phone',
    );
    expect(await verifyOutcome(record as unknown as JsonObject)).toMatchObject({
      ok: true,
      answers: [{ person: 'alice', passkey: { credentialId: alice.key.id }, problem: null }],
    });
    const text = JSON.stringify(record);
    expect([name, text.replace(from, to) === text]).toEqual([name, false]);
    const report = await verifyOutcome(JSON.parse(text.replace(from, to)) as JsonObject);
    expect([name, report?.ok]).toEqual([name, false]);
  });
});
