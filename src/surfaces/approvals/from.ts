import { type Html, html } from '../account/web/html.ts';
import type { Visit } from '../account/web/visit.ts';

/**
 * Whoever came from the console is led back to it. A word of ours in the address, never a place: an address somebody made up leads
 * nowhere else.
 */
export function cameFromConsole({ query }: Pick<Visit, 'query'>): boolean {
  return query.get('from') === 'console';
}

/** A page of a request, the word kept. `rest`: `/change`, say. */
export function requestPath(id: string, { fromConsole, rest = '', done }: OfRequest): string {
  const query = new URLSearchParams({
    ...(done === undefined ? {} : { done }),
    ...(fromConsole ? { from: 'console' } : {}),
  }).toString();
  return `/approvals/${id}${rest}${query === '' ? '' : `?${query}`}`;
}

interface OfRequest {
  readonly fromConsole: boolean;
  readonly rest?: '' | '/change';
  readonly done?: 'approved' | 'denied';
}

/** In a form, for what follows it. */
export function fromField(visit: Pick<Visit, 'query'>): Html | false {
  return cameFromConsole(visit) && html`<input type="hidden" name="from" value="console">`;
}

/** Where somebody proves anew who they are, and comes back to the request. */
export function signInAgain(id: string, fromConsole: boolean): string {
  return `/sign-in?${new URLSearchParams({ again: '1', return: requestPath(id, { fromConsole }) }).toString()}`;
}
