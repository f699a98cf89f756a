import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Person } from '../../model/person.ts';
import type { AccountParts } from './options.ts';
import { pagesOf } from './routes/table.ts';
import { servePages, whoOf } from './serve.ts';
import { cookieNames, cookieOf, csrfOf } from './web/visit.ts';

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
      await servePages(parts, { request, response, path }, pages);
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
