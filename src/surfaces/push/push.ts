import type { IncomingMessage, ServerResponse } from 'node:http';
import { type PushSubscriptions, readSubscription } from '../../approvals/delivery/subscriptions.ts';
import { Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import { sendJson } from '../account/web/answer.ts';
import { cookieNames, cookieOf, csrfOf, readJson, Shown, type Visit } from '../account/web/visit.ts';
import { checkOrigin, type DoorRules } from '../http/door.ts';
import { WORKER } from './worker.ts';

export interface PushParts {
  /** Where people open the pages. */
  readonly origin: () => string;
  readonly rules: DoorRules;
  /** `null`: off. */
  readonly settings: () => {
    /** Browsers subscribe to this key alone. */
    readonly publicKey: string;
    readonly trustedOrigins: readonly string[];
  } | null;
  readonly subscriptions: PushSubscriptions;
  readonly personOf: (request: IncomingMessage) => Promise<{ readonly person: Person } | null>;
}

/** What a browser needs to be sent notifications. */
export interface PushDoor {
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

const PREFIX = '/approvals/push/';

export function pushDoor(parts: PushParts): PushDoor {
  return {
    serves: (path) => path.startsWith(PREFIX),
    async handle(request, response, path) {
      checkOrigin({ headers: { host: request.headers.host } } as IncomingMessage, parts.rules);
      const visit = visitOf(parts, { request, response, path });
      try {
        await dispatch(parts, visit);
      } catch (error) {
        if (!(error instanceof Shown)) throw error;
        if (!request.complete) response.setHeader('connection', 'close');
        sendJson(visit, error.status, { message: typeof error.body === 'string' ? error.body : error.title });
      }
    },
  };
}

function visitOf(parts: PushParts, at: { request: IncomingMessage; response: ServerResponse; path: string }): Visit {
  const origin = parts.origin();
  const secret = cookieOf(at.request, cookieNames(origin).session) ?? '';
  const query = new URL(at.request.url ?? '/', origin).searchParams;
  const still = async () => (await parts.personOf(at.request)) !== null;
  return { ...at, origin, query, secret, who: null, still, csrf: csrfOf(secret) };
}

async function dispatch(parts: PushParts, visit: Visit): Promise<void> {
  const settings = parts.settings();
  const what = `${visit.request.method} ${visit.path.slice(PREFIX.length)}`;
  if (settings === null) throw new Fault('not-found', 'Not found, or not enabled');
  if (what === 'GET worker.js') return sendWorker(visit.response);
  const signedIn = await parts.personOf(visit.request);
  if (signedIn === null) throw new Shown(401, 'You are signed out', 'Sign in again and repeat what you did.');
  const { id } = signedIn.person;
  if (what === 'GET key') return sendJson(visit, 200, { key: settings.publicKey });
  if (what === 'POST subscribe') {
    const read = readSubscription(await readJson(visit), settings.trustedOrigins);
    if (typeof read === 'string') throw new Shown(400, 'Not subscribed', `This browser cannot be subscribed: ${read}.`);
    await parts.subscriptions.add(id, read);
    return sendJson(visit, 200, { subscribed: true });
  }
  if (what === 'POST unsubscribe') {
    const { endpoint } = (await readJson(visit)) as JsonObject;
    const removed = typeof endpoint === 'string' && (await parts.subscriptions.remove(id, endpoint));
    return sendJson(visit, 200, { subscribed: false, removed });
  }
  throw new Fault('not-found', 'Not found');
}

/** `no-cache`: browsers look at every start whether it changed, and what is there works without the network. */
function sendWorker(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  });
  response.end(WORKER);
}
