import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import type { JsonObject } from '../../../model/json.ts';
import type { AdminRoutes } from '../server.ts';
import { type OpenApi, withAnswers } from './responses.ts';
import { summaryOf } from './summaries.ts';

/** Who reads the document: what a client sends, and where, depends on the door. */
export interface Audience {
  /** Before every path. */
  readonly prefix: string;
  /** `null`: over the socket, where whoever can open it may do everything. */
  readonly sessionCookie: (() => string) | null;
}

type Schema = FastifySchema & { readonly [key: string]: unknown };

const CHANGE_HEADERS = {
  'idempotency-key': {
    type: 'string',
    description:
      'Chosen by the client: the same request sent again under it within a day is answered, not done, again.',
  },
} as const;

const STEP_UP_HEADER = {
  'x-step-up': {
    type: 'string',
    description:
      'The assertion of a passkey over exactly this request, as base64url of its JSON; its options come from /v1/step-up/options.',
  },
} as const;

/** `GET /v1/openapi.json`: OpenAPI 3.1, made from the very schemas that validate. */
export function openApi(app: FastifyInstance, audience: Audience): AdminRoutes {
  const { prefix, sessionCookie } = audience;
  const securitySchemes = {
    session: { type: 'apiKey', in: 'cookie', name: sessionCookie?.() ?? '', description: 'Of /sign-in.' },
    csrf: { type: 'apiKey', in: 'header', name: 'x-csrf-token', description: '`csrf` of GET /v1/me.' },
  } as const;
  void app.register(swagger, {
    openapi: {
      openapi: '3.1.1',
      info: { title: 'Interlock administrative API', version: '1', description: description(audience) },
      servers: [{ url: prefix === '' ? '/' : prefix }],
      ...(sessionCookie === null ? {} : { components: { securitySchemes } }),
    },
    transform: ({ schema, url, route }) => ({ schema: documented(schema as Schema, route, audience), url }),
  });
  return (scope) => {
    const about = { summary: 'This document' };
    const made = { text: '' };
    // Once, before anybody can call: it takes longer than a call should wait for.
    scope.addHook('onReady', async () => {
      made.text = JSON.stringify(withAnswers(app.swagger() as unknown as OpenApi));
    });
    scope.get('/v1/openapi.json', { config: { needs: 'self' }, schema: about }, async (_request, reply) =>
      reply.type('application/json').send(made.text),
    );
  };
}

function description({ sessionCookie }: Audience): string {
  const common =
    'Errors are problem documents (RFC 9457). Lists are paged: send `next` back as `cursor`. Every change is recorded, with who and why.';
  return sessionCookie === null
    ? `${common} Over the Unix socket: whoever can open it may do everything, and says who gives the order.`
    : `${common} From browsers: the session of the sign-in, with the permission in x-permission; who gives an order is whoever is signed in.`;
}

type Route = Pick<RouteOptions, 'method' | 'url' | 'config'>;

/** What a route's schema does not say by itself. Pure. */
function documented(schema: Schema | undefined, route: Route, { sessionCookie }: Audience): Schema {
  const method = String(route.method);
  const changes = method !== 'GET' && method !== 'HEAD';
  const { needs, also, stepUp, accepts } = route.config ?? {};
  const confirmed = stepUp === true || also !== undefined;
  const browser = sessionCookie !== null;
  const headers = { ...(changes ? CHANGE_HEADERS : {}), ...(browser && confirmed ? STEP_UP_HEADER : {}) };
  const security = changes ? [{ session: [], csrf: [] }] : [{ session: [] }];
  return {
    ...schema,
    ...(browser && changes ? withoutBy(schema) : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers: { type: 'object', properties: headers } }),
    ...(accepts === undefined ? {} : { consumes: accepts, body: { type: 'string' } }),
    summary: schema?.summary ?? summaryOf(method, route.url),
    tags: [route.url.split('/')[2] ?? 'metrics'],
    operationId: `${method.toLowerCase()}${route.url.replace(/[^A-Za-z0-9]+(.)?/g, (_all, next?: string) => next?.toUpperCase() ?? '')}`,
    ...(browser
      ? { security, 'x-permission': needs ?? 'none', 'x-step-up': stepUp ?? (also === undefined ? false : 'depends') }
      : { security: [] }),
  } as Schema;
}

/** In a browser it is put in: a client that says another is refused. */
function withoutBy(schema: Schema | undefined): Partial<Schema> {
  const parts = (['body', 'querystring'] as const).filter((part) => hasBy(schema?.[part]));
  return Object.fromEntries(parts.map((part) => [part, bare(schema?.[part] as JsonObject)]));
}

function hasBy(part: unknown): boolean {
  return (part as { properties?: { by?: unknown } } | undefined)?.properties?.by !== undefined;
}

function bare(part: JsonObject): JsonObject {
  const { by: _by, ...properties } = part.properties as JsonObject;
  const required = ((part.required ?? []) as readonly string[]).filter((name) => name !== 'by');
  const { required: _required, ...rest } = part;
  return { ...rest, properties, ...(required.length === 0 ? {} : { required }) };
}
