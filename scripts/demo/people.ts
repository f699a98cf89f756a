import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import type { Carried } from '../../src/verify/verify.ts';
import { ordersOf, pendingApproval, type Scene, types, Unexpected } from './scene.ts';

/** What the owner changed; the receipt of it is what the story ends with. */
const CHANGED = { supplier: 'helios', item: 'DOCK-C', quantity: 4, total: 518, currency: 'EUR' };

/** A human in the loop: who is asked, what they read, what their answer is good for. */
export async function approvedPurchase(scene: Scene): Promise<void> {
  const { agent, expect, screen, stage } = scene;
  const procurement = await agent('procurement', 'erp');
  screen.says('procurement: orders.create, 4 monitors, 876.00 EUR');
  const order = { supplier: 'helios', item: 'MON-27', quantity: 4, total: 876, currency: 'EUR' };
  const call = procurement.call('orders.create', order);
  const approval = await pendingApproval(stage, call);
  expect(ordersOf(stage, 'MON-27') === 0, 'the call waits and nothing was ordered yet');
  const shown = await types(scene, 'alice', ['approvals', 'show', approval.short]);
  expect(shown.stdout.includes('Order 4 × “MON-27”'), 'she reads the operator’s words, and the agent’s values as data');
  const answer = await types(scene, 'alice', [
    ...['approvals', 'approve', approval.short, '--by', 'alice'],
    ...['--reason', 'for the new colleagues'],
  ]);
  expect(answer.exit === 0, 'the approval was taken');
  const result = await call;
  screen.quote(result.text);
  expect(!result.refused, 'the same call went on');
  expect(ordersOf(stage, 'MON-27') === 1, 'exactly one order is in the database');
  screen.says('The tool was sent a signed credential for this one action, which it verified by itself:');
  const details = detailsOf(stage.company.lastCarried());
  screen.quote(JSON.stringify(details, null, 1));
  expect(
    details.approval === approval.id && String(details.approved_by) === 'alice' && details.max_uses === 1,
    'it names the tool, the digest of the arguments and who approved them, and is good once',
  );
}

interface Details {
  readonly approval: string | null;
  readonly approved_by: readonly string[];
  readonly max_uses: number;
}

function detailsOf(carried: Carried | null): Details {
  if (carried?.token == null) throw new Unexpected('the call carried no credential');
  const { authorization_details: details } = decodeJwt<{ authorization_details: readonly [Details] }>(carried.token);
  return details[0];
}

export async function changedPurchase(scene: Scene): Promise<void> {
  const { agent, expect, screen, stage } = scene;
  const procurement = await agent('procurement', 'erp');
  screen.says('procurement: orders.create, 8 docks, 1036.00 EUR');
  const call = procurement.call('orders.create', { ...CHANGED, quantity: 8, total: 1036 });
  const approval = await pendingApproval(stage, call);
  const racks = { ...CHANGED, item: 'RACK-42', quantity: 20, total: 17_800 };
  const tooMuch = await types(scene, 'alice', approveWith(approval.short, racks, 'and racks, while we are at it'));
  expect(tooMuch.exit !== 0, 'people change nothing into what the policies forbid');
  const answer = await types(scene, 'alice', approveWith(approval.short, CHANGED, 'four are enough'));
  expect(answer.exit === 0, 'a smaller order is decided again, and taken');
  const result = await call;
  screen.quote(result.text);
  expect(result.text.includes('A person changed the arguments'), 'the agent is told what was changed');
  const placed = stage.company.database.all(
    "SELECT quantity, total_cents FROM orders WHERE item = 'DOCK-C' AND id > 4",
  );
  expect(JSON.stringify(placed) === '[{"quantity":4,"total_cents":51800}]', 'what alice approved was ordered: 4 docks');
}

function approveWith(id: string, args: object, reason: string): readonly string[] {
  return ['approvals', 'approve', id, '--by', 'alice', '--arguments', JSON.stringify(args), '--reason', reason];
}

export async function deniedPurchase(scene: Scene): Promise<void> {
  const { agent, expect, screen, stage } = scene;
  const procurement = await agent('procurement', 'erp');
  screen.says('procurement: orders.create, 1 laptop, 1299.00 EUR');
  const order = { supplier: 'helios', item: 'LAP-14', quantity: 1, total: 1299, currency: 'EUR' };
  const call = procurement.call('orders.create', order);
  const approval = await pendingApproval(stage, call);
  const why = 'there is one in the cupboard';
  const answer = await types(scene, 'alice', ['approvals', 'deny', approval.short, '--by', 'alice', '--reason', why]);
  expect(answer.exit === 0, 'the denial was taken');
  const result = await call;
  screen.quote(result.text);
  expect(result.refused && result.text.includes(why), 'the agent was told no, and why');
  expect(ordersOf(stage, 'LAP-14') === 0, 'nothing was ordered');
}

/** The receipt needs neither gateway nor journal, only the key somebody noted. */
export async function proven(scene: Scene): Promise<void> {
  const { expect, screen, stage } = scene;
  const { stdout } = await stage.interlock('approvals', 'list', '--state', 'all', '--search', 'DOCK-C', '--json');
  const [docks] = (JSON.parse(stdout) as { items: { id: string }[] }).items;
  if (docks === undefined) throw new Unexpected('the order of docks is not among the approvals');
  const file = join(stage.dir, 'docks.receipt');
  const vkey = join(stage.dir, 'noted.vkey');
  writeFileSync(vkey, (await stage.interlock('checkpoint', '--vkey')).stdout);
  await types(scene, 'operator', ['approvals', 'receipt', docks.id.slice(0, 8), '--out', file]);
  const verified = await types(scene, 'an auditor', ['verify', '--receipt', file, '--vkey', vkey]);
  expect(verified.exit === 0, 'who changed and approved what, and when, is proven');
  const forged = join(stage.dir, 'forged.receipt');
  writeFileSync(forged, readFileSync(file, 'utf8').replaceAll('four are enough', 'eight at least'));
  screen.says('somebody puts other words into alice’s mouth:');
  const refused = await types(scene, 'the auditor', ['verify', '--receipt', forged, '--vkey', vkey]);
  expect(refused.exit === 1, 'that receipt is refused');
}
