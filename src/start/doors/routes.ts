import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Config, isLoopback } from '../../config/config.ts';
import { Fault } from '../../model/fault.ts';
import type { HttpAnswer } from '../../oauth/answer.ts';
import type { AuthorizationServer } from '../../oauth/authorization-server.ts';
import { checkOrigin, type DoorRules, readBody } from '../../surfaces/http/door.ts';
import type { Handler } from '../../surfaces/http/listener.ts';
import type { McpHandler } from '../../surfaces/mcp/handler.ts';
import { sendJson } from '../../surfaces/mcp/responder.ts';

const FORM_BYTES = 65_536;

export interface Health {
  /** Null when calls can be decided, recorded and stopped; else why not. */
  readonly notReady: () => string | null;
}

/** Where each public path goes. */
export function routes(parts: {
  mcp: McpHandler;
  oauth: AuthorizationServer;
  rules: DoorRules;
  health: Health;
}): Handler {
  const { mcp, oauth, rules, health } = parts;
  return (request, response, path) => {
    if (path === '/mcp' || path.startsWith('/mcp/')) return mcp.handle(request, response, path);
    if (path === '/healthz') return sendJson(response, 200, { status: 'ok' });
    if (path === '/readyz') {
      const why = health.notReady();
      return sendJson(
        response,
        why === null ? 200 : 503,
        why === null ? { status: 'ready' } : { status: 'not ready', why },
      );
    }
    return oauthRoute({ request, response, path, rules }, oauth);
  };
}

interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly rules: DoorRules;
}

async function oauthRoute({ request, response, path, rules }: Visit, oauth: AuthorizationServer): Promise<void> {
  checkOrigin(request, rules);
  const answer = request.method === 'POST' ? await posted({ request, path }, oauth) : fetched(path, oauth);
  if (answer === null) throw new Fault('not-found', 'Not found');
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

async function posted(
  { request, path }: { request: IncomingMessage; path: string },
  oauth: AuthorizationServer,
): Promise<HttpAnswer | null> {
  if (path !== '/oauth/token') return null;
  const body = await readBody(request, FORM_BYTES);
  const { 'content-type': contentType, authorization } = request.headers;
  return oauth.tokenEndpoint({ method: 'POST', contentType, authorization, body: body.toString('utf8') });
}

function fetched(path: string, oauth: AuthorizationServer): HttpAnswer | null {
  if (path === '/oauth/jwks') return oauth.jwks();
  if (path === '/oauth/authorize') return oauth.authorizationEndpoint();
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
