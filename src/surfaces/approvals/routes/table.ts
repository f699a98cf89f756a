import type { Method, PageRoute } from '../../account/serve.ts';
import type { Visit, Who } from '../../account/web/visit.ts';
import type { ApprovalPageParts } from '../options.ts';
import { answer } from './answer.ts';
import { previewChange, showChange } from './change.ts';
import { inboxState, showHistory, showInbox } from './inbox.ts';
import { backToRequest, receipt, requestState, showRequest } from './request.ts';
import { sign, signOptions } from './sign.ts';
import { revokeStanding, showStanding } from './standing.ts';
import { openTicket, showTicket } from './ticket.ts';

type Run = (parts: ApprovalPageParts, visit: Visit, at: { who: Who; id: string }) => Promise<void> | void;

/** Which page answers what. Everything but a link from a message needs somebody who is signed in. */
export function pagesOf(parts: ApprovalPageParts): readonly PageRoute[] {
  const own = (method: Method, path: RegExp, run: Run): PageRoute & { readonly needs: 'person' } => ({
    method,
    path,
    needs: 'person',
    run: (visit, who, id) => run(parts, visit, { who, id }),
  });
  const unattended = (path: RegExp, run: Run): PageRoute => ({ ...own('GET', path, run), unattended: true });
  const open = (method: Method, run: typeof openTicket | typeof showTicket): PageRoute => ({
    method,
    path: /^\/approvals\/open\/([\w-]{20,200})$/,
    needs: 'visitor',
    run: (visit, secret) => run(parts, visit, secret),
  });
  const one = (rest: string) => new RegExp(`^/approvals/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})${rest}$`);
  return [
    own('GET', /^\/approvals$/, showInbox),
    unattended(/^\/approvals\/state$/, inboxState),
    own('GET', /^\/approvals\/history$/, showHistory),
    own('GET', /^\/approvals\/standing$/, showStanding),
    own('POST', /^\/approvals\/standing\/revoke$/, revokeStanding),
    open('GET', showTicket),
    open('POST', openTicket),
    own('GET', one(''), showRequest),
    unattended(one('/state'), requestState),
    own('GET', one('/receipt'), receipt),
    own('GET', one('/change'), showChange),
    own('POST', one('/change'), previewChange),
    own('POST', one('/answer'), answer),
    own('GET', one('/answer'), backToRequest),
    own('POST', one('/sign/options'), signOptions),
    own('POST', one('/sign'), sign),
  ];
}
