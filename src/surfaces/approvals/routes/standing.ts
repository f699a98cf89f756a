import { redirect, sendPage } from '../../account/web/answer.ts';
import { readForm, Shown, type Visit, type Who } from '../../account/web/visit.ts';
import type { ApprovalPageParts } from '../options.ts';
import { standingPage } from '../pages/standing.ts';

const MAX_REASON = 500;

/** GET /approvals/standing */
export async function showStanding(parts: ApprovalPageParts, visit: Visit, { who }: { who: Who }): Promise<void> {
  const list = (await parts.standing?.listFor(who.person.id)) ?? [];
  sendPage(visit, 200, standingPage(parts, visit, { list, said: visit.query.get('done') === 'revoked' }));
}

/** POST /approvals/standing/revoke: taking back does not wait for its record, and needs no passkey. */
export async function revokeStanding(parts: ApprovalPageParts, visit: Visit, { who }: { who: Who }): Promise<void> {
  const form = await readForm(visit);
  const id = form.get('id') ?? '';
  const reason = (form.get('reason') ?? '').trim().slice(0, MAX_REASON);
  const revoked = (await parts.standing?.revoke(id, { person: who.person.id, reason })) ?? false;
  if (!revoked)
    throw new Shown(404, 'There is no such standing approval', 'It is over already, or not yours to revoke.');
  redirect(visit, '/approvals/standing?done=revoked');
}
