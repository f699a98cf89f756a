import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PersonSessions } from '../../identity/sign-in/sessions.ts';
import type { Person } from '../../model/person.ts';
import { checkOrigin, type DoorRules } from '../http/door.ts';
import { messagePage } from './pages/sign-in.ts';
import { redirect, sendAsset, sendJson, sendPage } from './web/answer.ts';
import { cookieNames, cookieOf, csrfOf, Shown, type Visit, visitSecret, type Who } from './web/visit.ts';

export type Method = 'GET' | 'POST';

export interface VisitorPage {
  readonly method: Method;
  /** Its first group, if it has one, is what the page is about. */
  readonly path: RegExp;
  readonly needs: 'visitor';
  run(visit: Visit, about: string): Promise<void> | void;
}

export interface PersonPage {
  readonly method: Method;
  readonly path: RegExp;
  readonly needs: 'person';
  /** Asked for by an open page itself: does not keep anybody signed in. */
  readonly unattended?: boolean;
  run(visit: Visit, who: Who, about: string): Promise<void> | void;
}

export type PageRoute = VisitorPage | PersonPage;

/** What pages for people need, whatever they are about. */
export interface ServeParts {
  /** Where people open the pages. */
  readonly origin: () => string;
  readonly rules: DoorRules;
  readonly sessions: PersonSessions;
  /** Whether the console is open to this person; absent: there is none. */
  readonly hasConsole?: (person: Person) => boolean;
  readonly log: {
    warn(detail: object, message: string): void;
    error(detail: object, message: string): void;
  };
}

export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

/** Answers one request with the page it is for, or says in words why not. */
export async function servePages(parts: ServeParts, arrival: Arrival, pages: readonly PageRoute[]): Promise<void> {
  const { request, response, path } = arrival;
  checkHost(request, parts);
  if (request.method === 'GET' && sendAsset(response, path)) return;
  const unattended = pages.some((page) => page.needs === 'person' && page.unattended === true && page.path.test(path));
  const visit = await visitOf(parts, arrival, unattended);
  try {
    await dispatch(visit, pages);
  } catch (error) {
    sayWhy(parts, visit, error);
  }
}

export async function whoOf(
  { sessions, origin }: Pick<ServeParts, 'sessions' | 'origin'>,
  request: IncomingMessage,
  unattended = false,
): Promise<Who | null> {
  const carried = cookieOf(request, cookieNames(origin()).session);
  return carried === null ? null : sessions.find(carried, { unattended });
}

/** Host alone: what may be posted is looked at more closely, by the page that takes it. */
function checkHost(request: IncomingMessage, { rules }: ServeParts): void {
  const { host } = request.headers;
  checkOrigin({ headers: { host } } as IncomingMessage, rules);
}

async function visitOf(parts: ServeParts, { request, response, path }: Arrival, unattended: boolean): Promise<Visit> {
  const origin = parts.origin();
  const who = await whoOf(parts, request, unattended);
  const carried = cookieOf(request, cookieNames(origin).session);
  const secret = who !== null && carried !== null ? carried : visitSecret({ request, response, origin });
  const query = new URL(request.url ?? '/', origin).searchParams;
  const still = async () => who === null || (await whoOf(parts, request))?.session.id === who.session.id;
  const hasConsole = who !== null && parts.hasConsole?.(who.person) === true;
  return { request, response, path, query, origin, secret, who, still, csrf: csrfOf(secret), hasConsole };
}

async function dispatch(visit: Visit, pages: readonly PageRoute[]): Promise<void> {
  const { request, path, origin } = visit;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  // One address for cookies, passkeys and providers: another name of this gateway leads there.
  if (method === 'GET' && request.headers.host?.toLowerCase() !== new URL(origin).host)
    return redirect(visit, `${origin}${request.url?.startsWith('/') === true ? request.url : '/account'}`);
  for (const page of pages) {
    const match = page.method === method ? page.path.exec(path) : null;
    if (match === null) continue;
    if (page.needs === 'visitor') return page.run(visit, match[1] ?? '');
    if (visit.who !== null) return page.run(visit, visit.who, match[1] ?? '');
    if (method !== 'GET') throw new Shown(401, 'You are signed out', 'Sign in again and repeat what you did.');
    return redirect(visit, `/sign-in?${new URLSearchParams({ return: path }).toString()}`);
  }
  const known = pages.some((page) => page.path.test(path));
  throw known
    ? new Shown(405, 'Not like this', 'This address is used by a form of another page.')
    : new Shown(404, 'There is no such page', 'Check the address.');
}

function sayWhy(parts: ServeParts, visit: Visit, error: unknown): void {
  const known = error instanceof Shown ? error : null;
  if (known === null) parts.log.error({ err: error, path: visit.path }, 'a page failed');
  if (visit.response.headersSent) return void visit.response.destroy();
  const { status, title, body } =
    known ??
    new Shown(500, 'That did not work', 'The gateway failed. Nothing was allowed. Try again; its log says more.');
  if (!visit.request.complete) visit.response.setHeader('connection', 'close');
  if (/^application\/json/i.test(visit.request.headers['content-type'] ?? ''))
    return sendJson(visit, status, { message: typeof body === 'string' ? body : title });
  const on = visit.who === null ? { href: '/sign-in', words: 'Sign in' } : (known?.on ?? onwardOf(visit.path));
  sendPage(visit, status, messagePage(title, body, on));
}

function onwardOf(path: string): { readonly href: string; readonly words: string } {
  return path.startsWith('/approvals')
    ? { href: '/approvals', words: 'To your approvals' }
    : { href: '/account', words: 'To your account' };
}
