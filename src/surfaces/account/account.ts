import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Person } from '../../model/person.ts';
import { checkOrigin } from '../http/door.ts';
import type { AccountParts } from './options.ts';
import { messagePage } from './pages/sign-in.ts';
import { pagesOf } from './routes/table.ts';
import { redirect, sendAsset, sendJson, sendPage } from './web/answer.ts';
import { cookieNames, cookieOf, csrfOf, Shown, type Visit, visitSecret, type Who } from './web/visit.ts';

export type { AccountParts, ProviderDoor } from './options.ts';

/** The pages for people: signing in, consent, their account. */
export interface Account {
  /** Whether a path is one of these pages. */
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  /** Who is signed in in the browser this comes from; `null`: nobody, or nobody who may. For other pages. */
  personOf(request: IncomingMessage): Promise<SignedInPerson | null>;
  /** A token for a form of another page, and the check of it; both only for a signed-in browser. */
  csrfOf(request: IncomingMessage): string | null;
}

export interface SignedInPerson {
  readonly person: Person;
  readonly amr: readonly string[];
  readonly authTimeMs: number;
}

const PREFIXES = ['/sign-in', '/sign-out', '/account', '/oauth/interaction'];

export function openAccount(parts: AccountParts): Account {
  const pages = pagesOf(parts);
  return {
    serves: (path) => PREFIXES.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
    async handle(request, response, path) {
      checkHost(request, parts);
      if (request.method === 'GET' && sendAsset(response, path)) return;
      const visit = await visitOf(parts, { request, response, path });
      try {
        await dispatch(visit, pages);
      } catch (error) {
        sayWhy(parts, visit, error);
      }
    },
    async personOf(request) {
      const who = await whoOf(parts, request);
      if (who === null) return null;
      const { amr, authTimeMs } = who.session;
      return { person: who.person, amr, authTimeMs };
    },
    csrfOf(request) {
      const carried = cookieOf(request, cookieNames(parts.origin()).session);
      return carried === null ? null : csrfOf(carried);
    },
  };
}

/** Host alone: what may be posted is looked at more closely, by the page that takes it. */
function checkHost(request: IncomingMessage, { rules }: AccountParts): void {
  const { host } = request.headers;
  checkOrigin({ headers: { host } } as IncomingMessage, rules);
}

interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
}

async function visitOf(parts: AccountParts, { request, response, path }: Arrival): Promise<Visit> {
  const origin = parts.origin();
  const who = await whoOf(parts, request);
  const carried = cookieOf(request, cookieNames(origin).session);
  const secret = who !== null && carried !== null ? carried : visitSecret({ request, response, origin });
  const query = new URL(request.url ?? '/', origin).searchParams;
  const still = async () => who === null || (await whoOf(parts, request))?.session.id === who.session.id;
  return { request, response, path, query, origin, secret, who, still, csrf: csrfOf(secret) };
}

async function whoOf({ sessions, origin }: AccountParts, request: IncomingMessage): Promise<Who | null> {
  const carried = cookieOf(request, cookieNames(origin()).session);
  return carried === null ? null : sessions.find(carried);
}

async function dispatch(visit: Visit, pages: ReturnType<typeof pagesOf>): Promise<void> {
  const { request, path, origin } = visit;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  // One address for cookies, passkeys and providers: another name of this gateway leads there.
  if (method === 'GET' && request.headers.host?.toLowerCase() !== new URL(origin).host)
    return redirect(visit, `${origin}${request.url?.startsWith('/') === true ? request.url : '/account'}`);
  for (const page of pages) {
    const match = page.method === method ? page.path.exec(path) : null;
    if (match === null) continue;
    if (page.needs === 'visitor') return page.run(visit, match[1] ?? '');
    if (visit.who !== null) return page.run(visit, visit.who);
    if (method !== 'GET') throw new Shown(401, 'You are signed out', 'Sign in again and repeat what you did.');
    return redirect(visit, `/sign-in?${new URLSearchParams({ return: path }).toString()}`);
  }
  const known = pages.some((page) => page.path.test(path));
  throw known
    ? new Shown(405, 'Not like this', 'This address is used by a form of another page.')
    : new Shown(404, 'There is no such page', 'Check the address.');
}

function sayWhy(parts: AccountParts, visit: Visit, error: unknown): void {
  const known = error instanceof Shown ? error : null;
  if (known === null) parts.log.error({ err: error, path: visit.path }, 'a page failed');
  if (visit.response.headersSent) return void visit.response.destroy();
  const { status, title, body } =
    known ??
    new Shown(500, 'That did not work', 'The gateway failed. Nothing was allowed. Try again; its log says more.');
  if (!visit.request.complete) visit.response.setHeader('connection', 'close');
  if (/^application\/json/i.test(visit.request.headers['content-type'] ?? ''))
    return sendJson(visit, status, { message: typeof body === 'string' ? body : title });
  const on =
    visit.who === null ? { href: '/sign-in', words: 'Sign in' } : { href: '/account', words: 'To your account' };
  sendPage(visit, status, messagePage(title, body, on));
}
