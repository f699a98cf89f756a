import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import made from '../../src/surfaces/admin/contract/answers.json' with { type: 'json' };
import { MEDIA, STATUSES } from '../../src/surfaces/admin/contract/answers.ts';
import type * as Server from '../../src/surfaces/admin/server.ts';
import { type AdminRoutes, adminApp } from '../../src/surfaces/admin/server.ts';
import { oneOf, validAndInvalid } from '../console/by-schema.ts';
import { type ConsoleWorld, openConsoleWorld } from '../console/world.ts';

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly 'x-permission'?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: any }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: any }>> }>
  >;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

let world: ConsoleWorld;
let browser: Paths;
let socket: Paths;
let documents: readonly any[];
beforeAll(async () => {
  world = await openConsoleWorld();
  const nobody = await world.person('nobody');
  documents = [(await nobody.api('GET', '/v1/openapi.json')).json, (await world.admin('GET', '/v1/openapi.json')).body];
  [browser, socket] = documents.map(({ paths }) => paths) as [Paths, Paths];
});
afterAll(() => world?.close());

const operationsOf = (paths: Paths) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

const captured = vi.hoisted(() => ({ routes: [] as readonly unknown[] }));
/** What a gateway really opens its socket with. */
vi.mock('../../src/surfaces/admin/server.ts', async (original) => {
  const real = await original<typeof Server>();
  const openAdmin: typeof Server.openAdmin = (path, parts) => {
    captured.routes = parts.routes;
    return real.openAdmin(path, parts);
  };
  return { ...real, openAdmin };
});

/** Every route as it is really registered, and nothing let through to what is behind it. */
function routesOf(
  inspect: (route: { method: string; url: string; needs: unknown; schema: any }) => void,
): FastifyInstance {
  return adminApp({
    routes: captured.routes as readonly AdminRoutes[],
    idempotency: { store: {} as never, clock: systemClock },
    audience: { prefix: '', sessionCookie: null },
    guard: {
      admit(app) {
        app.addHook('onRoute', ({ method, url, config, schema }) => {
          if (method !== 'HEAD') inspect({ method: String(method), url, needs: config?.needs, schema });
        });
      },
      // Nothing is behind the routes: what gets so far was let in by its schema.
      confirm: (app) => void app.addHook('preHandler', (_request, reply) => void reply.code(299).send({})),
    },
  });
}

describe('the document of the administrative API', () => {
  it('has every route of the server, and the server every route of the document', async () => {
    const real: string[] = [];
    await routesOf(({ method, url }) => void real.push(`${method} ${url.replace(/:(\w+)/g, '{$1}')}`)).ready();
    expect(real.length).toBeGreaterThan(90);
    const documented = (paths: Paths) => operationsOf(paths).map(({ method, path }) => `${method} ${path}`);
    expect(documented(socket).sort()).toEqual(real.sort());
    const own = ['GET /v1/me', 'POST /v1/step-up/options'];
    expect(documented(browser).sort()).toEqual([...real, ...own].sort());
  });

  it('no route is without the permission it needs', async () => {
    const bare: string[] = [];
    await routesOf(({ method, url, needs }) => void (needs === undefined && bare.push(`${method} ${url}`))).ready();
    expect(bare).toEqual([]);
  });

  it('every change that says who gives the order says it where the door puts it in', async () => {
    const hidden: string[] = [];
    await routesOf(({ method, url, schema }) => {
      if (method === 'GET') return;
      const parts = [schema?.body, schema?.querystring];
      const top = parts.some((part) => part?.properties?.by !== undefined);
      if (!top && JSON.stringify(parts).includes('"by"')) hidden.push(`${method} ${url}`);
    }).ready();
    expect(hidden).toEqual([]);
  });

  it('says of everything what it does, who may, and how it is refused', () => {
    const ids = new Set<string>();
    for (const { method, path, operation } of operationsOf(browser)) {
      const at = `${method} ${path}`;
      expect(operation.summary.length, at).toBeGreaterThan(5);
      expect(operation.summary, at).not.toContain('undefined');
      expect(operation['x-permission'], at).not.toBe('none');
      expect(Object.keys(operation.responses.default?.content ?? {}), at).toEqual(['application/problem+json']);
      expect(operation.tags, at).toHaveLength(1);
      const headers = (operation.parameters ?? []).filter((each) => each.in === 'header').map(({ name }) => name);
      expect(headers.includes('idempotency-key'), at).toBe(method !== 'GET');
      const csrf = method === 'GET' ? [{ session: [] }] : [{ session: [], csrf: [] }];
      expect(operation.security, at).toEqual(csrf);
      ids.add(operation.operationId);
    }
    expect(ids.size).toBe(operationsOf(browser).length);
  });

  it('says of every answer what it is, by name, and of every answer there is a route', () => {
    const described = new Set<string>();
    for (const { method, path, operation } of [...operationsOf(browser), ...operationsOf(socket)]) {
      const route = `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}` as keyof typeof made.answers;
      described.add(route);
      const done = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
      expect(
        done.map(([status]) => Number(status)),
        route,
      ).toEqual(STATUSES[route] ?? [200]);
      for (const [, { content = {} }] of done) {
        expect(Object.keys(content), route).toEqual(MEDIA[route] ?? ['application/json']);
        if (MEDIA[route] === undefined) expect(content['application/json']!.schema, route).toEqual(made.answers[route]);
      }
      if (MEDIA[route] === undefined && route !== 'GET /v1/openapi.json')
        expect(made.answers[route], route).toHaveProperty('$ref');
    }
    expect([...described].sort()).toEqual(Object.keys(made.answers).sort());
  });

  it('refers to nothing that is not in it, and has nothing that nothing refers to', () => {
    for (const document of documents) {
      const referred = new Set<string>();
      const text = JSON.stringify(document);
      for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) referred.add(name);
      expect(text.matchAll(/"\$ref":"(?!#\/components\/schemas\/)/g).next().done).toBe(true);
      expect([...referred].sort()).toEqual(Object.keys(document.components.schemas).sort());
    }
  });

  it('every list is asked for with cursor and limit, and answered with items and next', () => {
    const odd: string[] = [];
    for (const { method, path, operation } of operationsOf(socket)) {
      const names = (operation.parameters ?? []).filter((each) => each.in === 'query').map(({ name }) => name);
      const asks = names.includes('cursor') && names.includes('limit');
      const schema = operation.responses['200']?.content?.['application/json']?.schema.$ref;
      const { properties = {} } = documents[1].components.schemas[schema?.split('/').at(-1)] ?? {};
      const answers = 'items' in properties && 'next' in properties;
      if (asks !== answers) odd.push(`${method} ${path}`);
      if (names.some((name) => ['after', 'before', 'beforeSeq', 'offset', 'page'].includes(name))) odd.push(path);
    }
    // Views whose calls are paged, and a table.
    expect(odd.sort()).toEqual(['GET /v1/agents/export', 'GET /v1/sessions/history/{id}', 'GET /v1/transactions/{id}']);
  });

  it('a cursor that is none is refused by every list', async () => {
    const review = { name: 'x', dueAtMs: 4_000_000_000_000, filter: {}, by: 'nobody', reason: 'case' };
    const { id } = (await world.admin('POST', '/v1/reviews', review)).body;
    let tried = 0;
    for (const { path, operation } of operationsOf(socket)) {
      if (!(operation.parameters ?? []).some(({ name }) => name === 'cursor')) continue;
      const url = pathOf(path, operation).replace('/v1/reviews/x/', `/v1/reviews/${id}/`).replace('/x/', '/none/');
      const query = queryOf(operation);
      for (const cursor of ['..', 'bm8', '%20']) {
        const { status, body } = await world.admin('GET', `${url}${query}${query === '' ? '?' : '&'}cursor=${cursor}`);
        const known = cursor !== 'bm8';
        if (known || status === 400)
          expect([url, cursor, status, body.code]).toEqual([url, cursor, 400, 'invalid-cursor']);
      }
      tried += 1;
    }
    expect(tried).toBeGreaterThan(25);
  });

  it('never asks a browser who gives the order', () => {
    for (const { path, method, operation } of operationsOf(browser)) {
      const { properties = {} } = operation.requestBody?.content['application/json']?.schema ?? {};
      const names = (operation.parameters ?? []).filter((each) => each.in === 'query').map(({ name }) => name);
      if (method !== 'GET') expect([path, ...Object.keys(properties), ...names]).not.toContain('by');
    }
  });

  it('what it says of bodies is what is let in and what is refused', async () => {
    const app = routesOf(() => {});
    await app.ready();
    let [valid, invalid] = [0, 0];
    for (const { path, method, operation } of operationsOf(socket)) {
      const schema = operation.requestBody?.content['application/json']?.schema;
      if (schema === undefined || schema.type === 'string') continue;
      const url = `${pathOf(path, operation)}${queryOf(operation)}`;
      for (const { ok, body, why } of validAndInvalid(schema, 12)) {
        const answer = await app.inject({ method: method as 'POST', url, payload: body as object });
        const at = `${method} ${url} ${why}: ${JSON.stringify(body).slice(0, 300)} ${answer.body}`;
        if (ok) expect(answer.statusCode, at).toBe(299);
        else {
          expect(answer.statusCode, at).toBe(400);
          expect(answer.headers['content-type'], at).toContain('application/problem+json');
          expect(answer.json().code, at).toBe('invalid-request');
        }
        if (ok) valid += 1;
        else invalid += 1;
      }
    }
    expect(valid).toBeGreaterThan(200);
    expect(invalid).toBeGreaterThan(200);
    await app.close();
  });

  it('what it says of queries is what is let in and what is refused', async () => {
    const app = routesOf(() => {});
    await app.ready();
    let tried = 0;
    for (const { path, method, operation } of operationsOf(socket)) {
      if (method !== 'GET') continue;
      const url = pathOf(path, operation);
      const known = (operation.parameters ?? []).filter((each) => each.in === 'query');
      if (known.length === 0) continue;
      expect((await app.inject({ method: 'GET', url: `${url}${queryOf(operation)}` })).statusCode, url).toBe(299);
      const unknown = await app.inject({ method: 'GET', url: `${url}?no-such-name=1` });
      expect([url, unknown.statusCode]).toEqual([url, 400]);
      tried += 1;
    }
    expect(tried).toBeGreaterThan(8);
    await app.close();
  });
});

/** What a query must have, in its shortest form. */
function queryOf({ parameters = [] }: Operation): string {
  const needed = parameters.filter((each) => each.in === 'query' && (each as { required?: boolean }).required === true);
  return needed.length === 0
    ? ''
    : `?${needed.map(({ name, schema }) => `${name}=${encodeURIComponent(String(oneOf(schema)))}`).join('&')}`;
}

/** An address it takes. */
function pathOf(path: string, { parameters = [] }: Operation): string {
  const schemas = new Map(parameters.filter((each) => each.in === 'path').map(({ name, schema }) => [name, schema]));
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    const schema = schemas.get(name) as { type?: string; pattern?: string } | undefined;
    const plain = schema === undefined || (schema.type === 'string' && schema.pattern === undefined);
    return plain ? 'x' : encodeURIComponent(String(oneOf(schema)));
  });
}
