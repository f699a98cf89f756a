import { sha256Base64url } from '../../../model/canonical.ts';
import { onward } from '../../account/pages/sign-in.ts';
import { sendPage } from '../../account/web/answer.ts';
import { readForm, Shown, type Visit } from '../../account/web/visit.ts';
import type { ApprovalPageParts } from '../options.ts';
import { ticketPage } from '../pages/ticket.ts';

const INBOX = { href: '/approvals', words: 'To your approvals' };

/** GET /approvals/open/:secret. Looking uses nothing up: programs that preview links look too. */
export function showTicket(_parts: ApprovalPageParts, visit: Visit, secret: string): void {
  sendPage(visit, 200, ticketPage(visit, secret));
}

/**
 * POST /approvals/open/:secret: good once. The link says where to go and gives no right to anything: whoever follows it signs in, and
 * sees what that person may see.
 */
export async function openTicket(parts: ApprovalPageParts, visit: Visit, secret: string): Promise<void> {
  await readForm(visit);
  const notice = await parts.notices.open(sha256Base64url(secret), parts.clock.nowMs());
  if (notice === null)
    throw new Shown(
      410,
      'This link no longer works',
      'It was used before, or is too old. Your requests are all in one place.',
      INBOX,
    );
  const { who } = visit;
  if (who !== null && notice.recipient !== null && notice.recipient !== who.person.id) {
    parts.log.warn({ notice: notice.id, person: who.person.id }, 'a link was opened by somebody it was not sent to');
    throw new Shown(
      403,
      'This link was sent to somebody else',
      `You are signed in as ${who.person.name}. It opens nothing for you.`,
      INBOX,
    );
  }
  const to = `/approvals/${notice.approval}`;
  // Not a redirect: browsers hold the answer of a form to `form-action`.
  sendPage(
    visit,
    200,
    onward('Opening', who === null ? `/sign-in?${new URLSearchParams({ return: to }).toString()}` : to),
  );
}
