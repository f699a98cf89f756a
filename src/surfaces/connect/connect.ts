import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Credentials, connectUrlOf } from '../../credentials/credentials.ts';
import { ConnectRefused } from '../../credentials/oauth/connect.ts';
import type { Owner } from '../../credentials/oauth/tokens.ts';
import { UpstreamFault } from '../../model/fault.ts';
import type { Json } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { messagePage, onward } from '../account/pages/sign-in.ts';
import { redirect, sendPage } from '../account/web/answer.ts';
import {
  cookieNames,
  cookieOf,
  csrfOf,
  readForm,
  Shown,
  setCookie,
  type Visit,
  visitSecret,
} from '../account/web/visit.ts';
import { checkOrigin, type DoorRules } from '../http/door.ts';
import { connectPage, listPage } from './pages.ts';

export interface ConnectParts {
  /** Where people open the pages. */
  readonly origin: () => string;
  readonly rules: DoorRules;
  readonly credentials: Credentials;
  /** Who is signed in in this browser; `null`: nobody who may do anything. */
  readonly personOf: (request: IncomingMessage) => Promise<{ readonly person: Person } | null>;
  /** Whether this person answers for that agent: its owner or a deputy. */
  readonly answersFor: (person: string, agent: string) => boolean;
  /** Ids of the configured servers, in order. */
  readonly servers: () => Iterable<string>;
  readonly record: (act: { act: string; by: string; reason: string; detail: Json }) => Promise<unknown>;
  readonly log: { error(fields: object, message: string): void };
}

/** The pages where a person connects an account of their own at an upstream server, and takes it back. */
export interface Connect {
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

const PATH = /^\/connect(?:\/([a-z][a-z0-9-]{0,31})(?:\/(callback|withdraw))?)?$/;

export function openConnect(parts: ConnectParts): Connect {
  return {
    serves: (path) => path === '/connect' || path.startsWith('/connect/'),
    async handle(request, response, path) {
      checkOrigin({ headers: { host: request.headers.host } } as IncomingMessage, parts.rules);
      const visit = visitOf(parts, { request, response, path });
      try {
        await dispatch(parts, visit);
      } catch (error) {
        sayWhy(parts, visit, error);
      }
    },
  };
}

function visitOf(parts: ConnectParts, at: { request: IncomingMessage; response: ServerResponse; path: string }): Visit {
  const origin = parts.origin();
  const secret = cookieOf(at.request, cookieNames(origin).session) ?? visitSecret({ ...at, origin });
  const query = new URL(at.request.url ?? '/', origin).searchParams;
  const still = async () => (await parts.personOf(at.request)) !== null;
  return { ...at, origin, query, secret, who: null, still, csrf: csrfOf(secret) };
}

async function dispatch(parts: ConnectParts, visit: Visit): Promise<void> {
  const { request, path, origin } = visit;
  const match = PATH.exec(path);
  if (match === null) throw new Shown(404, 'There is no such page', 'Check the address.');
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  // Cookies belong to one address.
  if (method === 'GET' && request.headers.host?.toLowerCase() !== new URL(origin).host)
    return redirect(visit, `${origin}${request.url ?? path}`);
  const signedIn = await parts.personOf(request);
  if (signedIn === null) {
    if (method !== 'GET') throw new Shown(401, 'You are signed out', 'Sign in again and repeat what you did.');
    return redirect(visit, `/sign-in?${new URLSearchParams({ return: request.url ?? path }).toString()}`);
  }
  const { person } = signedIn;
  const [, server, what] = match;
  if (server === undefined && method === 'GET') return list(parts, visit, person);
  if (server === undefined || parts.credentials.connectable(server) === null)
    throw new Shown(
      404,
      'Nothing to connect here',
      'This server needs no account of yours, or there is none of that name.',
    );
  if (what === 'callback' && method === 'GET') return finish(parts, visit, { server, person });
  if (what === 'withdraw' && method === 'POST') return withdraw(parts, visit, { server, person });
  if (what === undefined && method === 'GET') return show(parts, visit, { server, person });
  if (what === undefined && method === 'POST') return begin(parts, visit, { server, person });
  throw new Shown(405, 'Not like this', 'This address is used by a form of another page.');
}

interface At {
  readonly server: string;
  readonly person: Person;
}

/** Whose account it will be: the person's own, or that of an agent the person answers for. */
function ownerFor(parts: ConnectParts, { person }: At, agent: string | null): Owner {
  if (agent === null || agent === '') return `person:${person.id}`;
  if (!parts.answersFor(person.id, agent))
    throw new Shown(403, 'This agent is not yours', 'Only its owner and deputies connect an account for it.');
  return `agent:${agent}`;
}

async function list(parts: ConnectParts, visit: Visit, person: Person): Promise<void> {
  const owner = `person:${person.id}` as const;
  const connections = await parts.credentials.connections({ owner, limit: 1_000 });
  const servers = [...parts.servers()].filter((server) => parts.credentials.connectable(server) !== null);
  sendPage(visit, 200, listPage(person, servers, new Set(connections.map(({ server }) => server))));
}

async function show(parts: ConnectParts, visit: Visit, at: At): Promise<void> {
  const { server, person } = at;
  const owner = ownerFor(parts, at, visit.query.get('agent'));
  const [connection] = await parts.credentials.connections({ owner, server, limit: 1 });
  const issuer = await parts.credentials.authorizationServer(server);
  const scope = parts.credentials.connectable(server)?.scope ?? null;
  sendPage(visit, 200, connectPage(visit, { server, person, owner, issuer, scope, connection: connection ?? null }));
}

async function begin(parts: ConnectParts, visit: Visit, at: At): Promise<void> {
  const form = await readForm(visit);
  const owner = ownerFor(parts, at, form.get('agent'));
  const { url, browser } = await parts.credentials.begin(at.server, { person: at.person.id, owner });
  setCookie(visit, cookieName(visit), browser);
  sendPage(visit, 200, onward(`On to ${new URL(url).host}`, url));
}

async function finish(parts: ConnectParts, visit: Visit, { server, person }: At): Promise<void> {
  const browser = cookieOf(visit.request, cookieName(visit));
  setCookie(visit, cookieName(visit), null);
  const owner = await parts.credentials.finish(server, { person: person.id, browser, parameters: visit.query });
  try {
    await parts.record({
      act: 'credential.connect',
      by: person.id,
      reason: 'by the person',
      detail: { server, owner },
    });
  } catch (error) {
    // What is not on record is not kept.
    await parts.credentials.endFor({ server, ...whoOf(owner) });
    throw error;
  }
  const words = `Agents acting ${owner.startsWith('person:') ? 'for you' : 'for themselves'} can use it now, within what policies permit.`;
  sendPage(visit, 200, messagePage(`Connected to ${server}`, words, { href: '/connect', words: 'All connections' }));
}

async function withdraw(parts: ConnectParts, visit: Visit, at: At): Promise<void> {
  const form = await readForm(visit);
  const { server, person } = at;
  const owner = ownerFor(parts, at, form.get('agent'));
  // Taking back does not wait for its record.
  await parts.credentials.endFor({ server, ...whoOf(owner) });
  await parts.record({ act: 'credential.withdraw', by: person.id, reason: 'by the person', detail: { server, owner } });
  redirect(visit, '/connect');
}

export function whoOf(owner: Owner): { person: string } | { agent: string } {
  const id = owner.slice(owner.indexOf(':') + 1);
  return owner.startsWith('person:') ? { person: id } : { agent: id };
}

function cookieName(visit: Visit): string {
  return `${visit.origin.startsWith('https:') ? '__Host-' : ''}interlock-connect`;
}

function sayWhy(parts: ConnectParts, visit: Visit, error: unknown): void {
  if (visit.response.headersSent) return void visit.response.destroy();
  if (!visit.request.complete) visit.response.setHeader('connection', 'close');
  if (error instanceof Shown) return sendPage(visit, error.status, messagePage(error.title, error.body));
  const server = PATH.exec(visit.path)?.[1];
  const again = server === undefined ? undefined : { href: connectUrlOf('', server, 'person:'), words: 'Start again' };
  if (error instanceof ConnectRefused) return sendPage(visit, 400, messagePage('Not connected', error.message, again));
  parts.log.error({ server, why: detailOf(error) }, 'an account could not be connected');
  const words = 'Nothing was connected. Try again; if it stays like this, an operator must look at the log.';
  sendPage(visit, 502, messagePage('That did not work', words, again));
}

/** Errors of this kind are worded for the log; they hold no secret. */
function detailOf(error: unknown): string {
  if (error instanceof UpstreamFault)
    return `${error.message}${error.detail === undefined ? '' : ` (${error.detail})`}`;
  return error instanceof Error ? error.message : 'unknown';
}
