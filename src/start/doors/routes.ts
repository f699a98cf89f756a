import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Config, isLoopback } from '../../config/config.ts';
import { Fault } from '../../model/fault.ts';
import type { HttpAnswer } from '../../oauth/answer.ts';
import { BACKCHANNEL_PATH } from '../../oauth/backchannel/options.ts';
import type { Account } from '../../surfaces/account/account.ts';
import type { ApprovalPages } from '../../surfaces/approvals/door.ts';
import type { Connect } from '../../surfaces/connect/connect.ts';
import type { ConsoleDoor } from '../../surfaces/console/console.ts';
import { checkOrigin, type DoorRules, readBody } from '../../surfaces/http/door.ts';
import type { Handler } from '../../surfaces/http/listener.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';
import { sendJson } from '../../surfaces/mcp/responder.ts';
import { REDEEM_PATH } from '../../surfaces/redeem/door.ts';
import { SCIM_PATH, type ScimServer } from '../../surfaces/scim/server.ts';
import type { ReachDoor } from '../approvals/reach/doors.ts';
import type { Identity } from '../authority/identity.ts';

const FORM_BYTES = 65_536;

export interface Health {
  /** Null when calls can be decided, recorded and stopped; else why not. */
  readonly notReady: () => string | null;
}

/** Where each public path goes. */
export function routes(parts: {
  mcp: McpHandler;
  scim?: ScimServer;
  account?: Account;
  connect?: Connect;
  redeem?: Handler;
  reach?: Pick<ReachDoor, 'serves' | 'handle'>;
  approvals?: ApprovalPages;
  console?: ConsoleDoor;
  identity: Identity;
  rules: DoorRules;
  health: Health;
}): Handler {
  const { mcp, scim, account, connect, approvals, reach, redeem, identity, rules, health } = parts;
  const { console } = parts;
  return (request, response, path) => {
    if (path === '/mcp' || path.startsWith('/mcp/')) return mcp.handle(request, response, path);
    if (scim !== undefined && path.startsWith(`${SCIM_PATH}/`)) return scim.handle(request, response, path);
    if (reach?.serves(path) === true) return reach.handle(request, response, path);
    if (connect?.serves(path) === true) return connect.handle(request, response, path);
    if (approvals?.serves(path) === true) return approvals.handle(request, response, path);
    if (account?.serves(path) === true) return account.handle(request, response, path);
    if (console?.serves(path) === true) return console.handle(request, response, path);
    if (redeem !== undefined && path === REDEEM_PATH) return redeem(request, response, path);
    if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
    if (path === '/readyz') {
      const why = health.notReady();
      return sendJson(
        response,
        why === null ? 200 : 503,
        why === null ? { status: 'ready' } : { status: 'not ready', why },
      );
    }
    return oauthRoute({ request, response, path, rules }, identity);
  };
}

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly rules: DoorRules;
}

/** What the provider is asked for at the token endpoint; every other grant is ours. */
const PEOPLE_GRANTS: ReadonlySet<string> = new Set(['authorization_code', 'refresh_token']);

async function oauthRoute(visit: Visit, identity: Identity): Promise<void> {
  const { request, response, path, rules } = visit;
  checkOrigin(request, rules);
  const answer = request.method === 'POST' ? await posted(visit, identity) : await fetched(visit, identity);
  if (answer === 'answered') return;
  if (answer === null) throw new Fault('not-found', `Not found${path.startsWith('/oauth/') ? ', or not enabled' : ''}`);
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

type Answered = HttpAnswer | 'answered' | null;

const OWN_PATHS: ReadonlySet<string> = new Set([
  '/oauth/token',
  '/oauth/introspect',
  '/oauth/revoke',
  BACKCHANNEL_PATH,
]);

async function posted({ request, response, path }: Visit, identity: Identity): Promise<Answered> {
  const { oauth, people } = identity;
  if (!OWN_PATHS.has(path) && !people.server.serves('POST', path)) return null;
  const read = await readBody(request, FORM_BYTES);
  const body = read.toString('utf8');
  const { 'content-type': contentType, authorization } = request.headers;
  if (path === BACKCHANNEL_PATH) return identity.backchannel({ method: 'POST', contentType, authorization, body });
  if (path === '/oauth/introspect') return identity.introspect({ contentType, body });
  if (path === '/oauth/revoke') return identity.revoke({ contentType, body });
  const grantTypes = path === '/oauth/token' ? new URLSearchParams(body).getAll('grant_type') : [];
  // A request that names two grants is ours to refuse.
  const forPeople = path !== '/oauth/token' || (grantTypes.length === 1 && PEOPLE_GRANTS.has(grantTypes[0] as string));
  if (!forPeople) {
    const { dpop } = request.headersDistinct;
    return oauth.tokenEndpoint({ method: 'POST', contentType, authorization, dpop, body });
  }
  await people.server.handle(request, response, read);
  return 'answered';
}

async function fetched({ request, response, path }: Visit, { oauth, people }: Identity): Promise<Answered> {
  if (people.server.serves(request.method ?? '', path)) {
    await people.server.handle(request, response);
    return 'answered';
  }
  if (path === '/oauth/jwks') return oauth.jwks();
  return oauth.metadata(path) ?? oauth.protectedResource(path);
}

/** Host and Origin values the listener answers to. */
export function doorRules(config: Config, url: string): DoorRules {
  const { listen, limits } = config;
  const own = new URL(url);
  const hosts = new Set([own.host, own.hostname, ...listen.allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set([own.origin, ...listen.allowedOrigins.map((origin) => origin.toLowerCase())]);
  if (listen.publicUrl !== null) {
    hosts.add(new URL(listen.publicUrl).host);
    origins.add(new URL(listen.publicUrl).origin);
  }
  if (isLoopback(listen.host)) {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      hosts.add(name);
      origins.add(`${own.protocol}//${name}:${own.port}`);
    }
  }
  return { hosts, origins, bodyBytes: limits.bodyBytes, depth: limits.depth, keys: limits.keys };
}
