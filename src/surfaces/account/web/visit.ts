import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newSecret } from '../../../identity/sign-in/secret-text.ts';
import type { PersonSession } from '../../../identity/sign-in/sessions.ts';
import { isObject, type JsonObject } from '../../../model/json.ts';
import type { Person } from '../../../model/person.ts';
import { parseStrict } from '../../../model/strict-json.ts';
import { readBody } from '../../http/door.ts';
import type { Html } from './html.ts';

const BODY_BYTES = 65_536;

export interface Who {
  readonly session: PersonSession;
  readonly person: Person;
}

/** One request of a browser to the pages for people. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Where the pages live, e.g. `https://gateway.example`. */
  readonly origin: string;
  /** What only this browser carries, signed in or not; changes with every sign-in. */
  readonly secret: string;
  readonly who: Who | null;
  /** Whether whoever this visit was let in as is still let in. A body may take a minute to arrive; much can end meanwhile. */
  readonly still: () => Promise<boolean>;
  /** Stands in every form; says that the form is from a page this browser was given. */
  readonly csrf: string;
  /** Whether the console is open to whoever this is. */
  readonly hasConsole?: boolean;
}

/** Something a person should read instead of the page. */
export class Shown extends Error {
  readonly status: number;
  readonly title: string;
  readonly body: Html | string;
  /** Where the page leads on to; absent: to the beginning of the pages it belongs to. */
  readonly on: { readonly href: string; readonly words: string } | undefined;

  constructor(status: number, title: string, body: Html | string, on?: Shown['on']) {
    super(title);
    this.status = status;
    this.title = title;
    this.body = body;
    this.on = on;
  }
}

/** `__Host-` cannot be set by another host of the same domain, nor over http; a gateway on a developer's machine has only http. */
export function cookieNames(origin: string): { readonly session: string; readonly visit: string } {
  const prefix = origin.startsWith('https:') ? '__Host-' : '';
  return { session: `${prefix}interlock`, visit: `${prefix}interlock-visit` };
}

export function cookieOf(request: IncomingMessage, name: string): string | null {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/** `value: null` removes it. */
export function setCookie(visit: Pick<Visit, 'response' | 'origin'>, name: string, value: string | null): void {
  const secure = visit.origin.startsWith('https:') ? '; Secure' : '';
  const end = value === null ? '; Max-Age=0' : '';
  visit.response.appendHeader('set-cookie', `${name}=${value ?? ''}; Path=/; HttpOnly; SameSite=Lax${secure}${end}`);
}

/** What the browser is known by before anybody is signed in. Made when it has none. */
export function visitSecret(place: Pick<Visit, 'request' | 'response' | 'origin'>): string {
  const { visit } = cookieNames(place.origin);
  const carried = cookieOf(place.request, visit);
  if (carried !== null && /^[\w-]{43}$/.test(carried)) return carried;
  const made = newSecret();
  setCookie(place, visit, made);
  return made;
}

/** Nobody without the cookies can say it, and it says nothing about them. */
export function csrfOf(secret: string): string {
  return createHash('sha256').update(`interlock csrf\0${secret}`).digest('base64url');
}

/** A request that changes something comes from one of our own pages, in this browser. Throws Shown. */
function checkSameOrigin(visit: Visit): void {
  const { origin, 'sec-fetch-site': site } = visit.request.headers;
  const own = origin === undefined ? site === 'same-origin' : origin === visit.origin;
  if (!own) throw forged(visit);
}

function checkCsrf(visit: Visit, given: unknown): void {
  const [got, want] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(visit.csrf)];
  if (got.length !== want.length || !timingSafeEqual(got, want)) throw forged(visit);
}

/** Asked again after every wait before something changes. Throws Shown. */
export async function checkStill(visit: Visit): Promise<void> {
  if (!(await visit.still())) throw new Shown(401, 'You are signed out', 'Sign in again and repeat what you did.');
}

function forged(visit: Visit): Shown {
  return new Shown(
    403,
    'This page is no longer current',
    `Nothing was changed. Open ${visit.origin}${/^\/(account|approvals)/.exec(visit.path)?.[0] ?? '/sign-in'} again and repeat what you did there.`,
  );
}

/** The fields of a form, checked to be ours. A field that is there twice counts once; `all` has every one. Throws Shown. */
export async function readForm(visit: Visit, maxBytes = BODY_BYTES): Promise<URLSearchParams> {
  checkSameOrigin(visit);
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(visit.request.headers['content-type'] ?? ''))
    throw new Shown(415, 'This is not a form', 'Send it as application/x-www-form-urlencoded.');
  const form = new URLSearchParams((await readBody(visit.request, maxBytes)).toString('utf8'));
  await checkStill(visit);
  checkCsrf(visit, form.get('csrf'));
  return form;
}

/** A JSON body of our own script, checked to be ours. Throws Shown. */
export async function readJson(visit: Visit, maxBytes = BODY_BYTES): Promise<JsonObject> {
  checkSameOrigin(visit);
  if (!/^application\/json\s*(;|$)/i.test(visit.request.headers['content-type'] ?? ''))
    throw new Shown(415, 'This is not JSON', 'Send it as application/json.');
  const body = await readBody(visit.request, maxBytes);
  await checkStill(visit);
  checkCsrf(visit, visit.request.headers['x-csrf-token']);
  const value = parseStrict(body.toString('utf8'), { maxDepth: 10, maxNodes: 1_000 });
  if (!isObject(value)) throw new Shown(400, 'This is not what was asked for', 'The body must be a JSON object.');
  return value;
}

/** Where to go after signing in: a page of ours, or the account. Never another site, however it is written. */
export function returnPath(asked: string | null): string {
  return asked !== null &&
    /^\/(account|approvals|connect|console|oauth\/interaction)(\/[\w~-][\w.~:%-]*)*(\?[\w.~%=&:+-]*)?$/.test(asked)
    ? asked
    : '/account';
}
