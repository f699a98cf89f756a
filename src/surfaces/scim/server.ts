import type { IncomingMessage, ServerResponse } from 'node:http';
import { PersonRefused } from '../../identity/people/refused.ts';
import { FAULTS, Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import { checkOrigin, type DoorRules } from '../http/door.ts';
import { ScimDoor } from './door.ts';
import { Finder } from './find.ts';
import { groups } from './groups.ts';
import { resourceTypes, schemas, serviceProviderConfig } from './protocol/discovery.ts';
import { ERROR_SCHEMA, ScimError } from './protocol/error.ts';
import { users } from './users.ts';
import { type ScimWorld, send, sendList, sendScim, type Visit } from './visit.ts';

export const SCIM_PATH = '/scim/v2';

export interface ScimOptions extends Omit<ScimWorld, 'finder'> {
  readonly tokenHashes: () => readonly string[];
  readonly rules: DoorRules;
  readonly clock: Clock;
  /** Of the gateway, without a final slash. */
  readonly url: () => string;
  readonly onError: (error: unknown) => void;
}

export interface ScimServer {
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
  close(): void;
}

/** The SCIM 2.0 interface (RFC 7643, RFC 7644) an identity provider keeps people and groups with. Always answers; never rejects. */
export function scimServer(options: ScimOptions): ScimServer {
  const { people, groups: allGroups, directory, rules, clock } = options;
  const finder = new Finder(directory);
  const door = new ScimDoor({ tokenHashes: options.tokenHashes, clock });
  const world: ScimWorld = { people, groups: allGroups, directory, finder };
  return {
    async handle(request, response, path) {
      try {
        checkOrigin(request, rules);
        door.check(request);
        await door.within(() => route(visitOf({ request, response, path }, options, world), path));
      } catch (error) {
        refuse({ request, response }, error, options.onError);
      }
    },
    close: () => finder.close(),
  };
}

function visitOf(
  { request, response, path }: { request: IncomingMessage; response: ServerResponse; path: string },
  { url }: ScimOptions,
  world: ScimWorld,
): Visit {
  const method = request.method ?? 'GET';
  const [, , , , id = ''] = path.split('/');
  const baseUrl = `${url()}${SCIM_PATH}`;
  const query = new URL(request.url ?? '/', 'http://scim').searchParams;
  const who = { by: 'scim', reason: `${method} ${path.slice(0, 300)}` };
  return { request, response, method, id: decode(id), query, baseUrl, who, world };
}

function decode(id: string): string | null {
  if (id === '') return null;
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ScimError(404, 'there is no such resource');
  }
}

async function route(visit: Visit, path: string): Promise<void> {
  const [, , , endpoint = '', , more] = path.split('/');
  if (more !== undefined && more !== '') throw new ScimError(404, 'there is no such resource');
  switch (endpoint.toLowerCase()) {
    case 'users':
      return users(visit);
    case 'groups':
      return groups(visit);
    case 'serviceproviderconfig':
      return only(visit, () => send(visit, 200, serviceProviderConfig(visit.baseUrl)));
    case 'resourcetypes':
      return only(visit, () => described(visit, resourceTypes(visit.baseUrl)));
    case 'schemas':
      return only(visit, () => described(visit, schemas(visit.baseUrl)));
    case 'me':
    case 'bulk':
      throw new ScimError(501, `/${endpoint} is not offered`);
    default:
      throw new ScimError(404, 'there is no such resource');
  }
}

/** RFC 7644 section 4: what describes the service is read, and not filtered. */
function only(visit: Visit, answer: () => void): void {
  if (visit.method !== 'GET') throw new ScimError(405, 'use GET');
  if (visit.query.has('filter')) throw new ScimError(403, 'this is not filtered');
  answer();
}

function described(visit: Visit, all: readonly JsonObject[]): void {
  if (visit.id === null) return sendList(visit, all, { total: all.length, startIndex: 1 });
  const one = all.find(({ id }) => id === visit.id);
  if (one === undefined) throw new ScimError(404, 'there is no such resource');
  send(visit, 200, one);
}

/** RFC 7644 section 3.12. What is unexpected is for the operator's log, and 500 for the provider, which tries again. */
function refuse(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  error: unknown,
  onError: (error: unknown) => void,
): void {
  const known = scimErrorOf(request, error);
  if (known.status >= 500 && known.status !== 501) onError(error);
  const headers: Record<string, string> = request.complete ? {} : { connection: 'close' };
  if (known.status === 401) headers['www-authenticate'] = 'Bearer realm="interlock-scim"';
  if (known.status === 429) headers['retry-after'] = '60';
  const body = {
    schemas: [ERROR_SCHEMA],
    status: String(known.status),
    ...(known.scimType === null ? {} : { scimType: known.scimType }),
    detail: known.message,
  };
  sendScim(response, { status: known.status, body, headers });
}

function scimErrorOf(request: IncomingMessage, error: unknown): ScimError {
  if (error instanceof ScimError) return error;
  if (error instanceof PersonRefused) {
    const { code, message } = error;
    if (code === 'missing') return new ScimError(404, message);
    if (code === 'unique') return new ScimError(409, message, 'uniqueness');
    if (code === 'invalid') return new ScimError(400, message, 'invalidValue');
    return new ScimError(request.headers['if-match'] === undefined ? 409 : 412, message);
  }
  if (error instanceof Fault && error.code !== 'internal') {
    const { http } = FAULTS[error.code];
    const status = http === 200 ? 400 : http;
    return new ScimError(status, error.message, status === 400 ? 'invalidSyntax' : null);
  }
  if (error instanceof TypeError && /encoded data was not valid/.test(error.message)) {
    return new ScimError(400, 'the body is not UTF-8', 'invalidSyntax');
  }
  return new ScimError(500, 'the gateway failed; its log says more');
}
