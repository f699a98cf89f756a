import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Directory } from '../../identity/directory.ts';
import type { Groups } from '../../identity/people/groups.ts';
import type { People, Who } from '../../identity/people/people.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import { readBody } from '../http/door.ts';
import type { Finder } from './find.ts';
import { MAX_RESULTS } from './protocol/discovery.ts';
import { ScimError } from './protocol/error.ts';
import { type Filter, parseFilter } from './protocol/filter.ts';
import { type Projection, readProjection } from './protocol/projection.ts';

export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const DEFAULT_COUNT = 100;
/** A whole group of 100,000 fits. */
const BODY_BYTES = 16 * 1_048_576;
const JSON_LIMITS = { maxDepth: 16, maxNodes: 1_000_000 };

/** One request of the identity provider. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  /** `null`: the collection. */
  readonly id: string | null;
  readonly query: URLSearchParams;
  readonly baseUrl: string;
  readonly who: Who;
  readonly world: ScimWorld;
}

export interface ScimWorld {
  readonly people: People;
  readonly groups: Groups;
  readonly directory: Directory;
  readonly finder: Finder;
}

export function send(visit: Visit, status: number, resource: JsonObject | null): void {
  const version = resource === null ? undefined : (resource.meta as JsonObject | undefined)?.version;
  const location = resource === null ? undefined : (resource.meta as JsonObject | undefined)?.location;
  const headers = {
    ...(typeof version === 'string' ? { etag: version } : {}),
    ...(typeof location === 'string' ? { location } : {}),
  };
  sendScim(visit.response, { status, body: resource, headers });
}

export function sendScim(
  response: ServerResponse,
  answer: { readonly status: number; readonly body: JsonObject | null; readonly headers?: Record<string, string> },
): void {
  if (response.headersSent || response.destroyed) return;
  const text = answer.body === null ? '' : JSON.stringify(answer.body);
  const media = answer.body === null ? {} : { 'content-type': 'application/scim+json' };
  const length = answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(text) };
  response.writeHead(answer.status, { 'cache-control': 'no-store', ...media, ...length, ...answer.headers });
  response.end(text);
}

/** RFC 7644 section 3.4.2. */
export function sendList(
  visit: Visit,
  resources: readonly JsonObject[],
  { total, startIndex }: { readonly total: number; readonly startIndex: number },
): void {
  send(visit, 200, {
    schemas: [LIST_SCHEMA],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  });
}

export async function body(visit: Visit): Promise<JsonObject> {
  const type = visit.request.headers['content-type'] ?? 'application/scim+json';
  if (!/^application\/(scim\+)?json\s*(;|$)/i.test(type)) {
    throw new ScimError(415, 'Content-Type must be application/scim+json or application/json');
  }
  const bytes = await readBody(visit.request, BODY_BYTES);
  const value = parseStrict(new TextDecoder('utf-8', { fatal: true }).decode(bytes), JSON_LIMITS);
  if (!isObject(value)) throw new ScimError(400, 'the body must be a JSON object', 'invalidSyntax');
  refuseTwins(value);
  return value;
}

/** Names are compared without case: an object with `active` and `Active` would say two things. */
function refuseTwins(value: Json): void {
  if (Array.isArray(value)) for (const each of value as readonly Json[]) refuseTwins(each);
  if (!isObject(value)) return;
  const names = Object.keys(value);
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    throw new ScimError(400, 'an object has the same attribute twice', 'invalidSyntax');
  }
  for (const name of names) refuseTwins(value[name] as Json);
}

/** The version `If-Match` names (RFC 7232); `{}`: any. ScimError 412 for what can be no version of ours. */
export function ifMatch(visit: Visit): { readonly ifVersion?: number } {
  const header = visit.request.headers['if-match'];
  if (header === undefined || header.trim() === '*') return {};
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(header.trim());
  if (match === null) throw new ScimError(412, 'this is no version of the resource');
  return { ifVersion: Number(match[1]) };
}

export function isKnown(visit: Visit, version: string): boolean {
  return visit.request.headers['if-none-match']?.split(',').some((each) => each.trim() === version) ?? false;
}

export interface ListQuery {
  readonly filter: Filter | null;
  readonly startIndex: number;
  readonly count: number;
  readonly projection: Projection;
}

/** RFC 7644 section 3.4.2.4: what is too small is made the smallest. */
export function listQuery({ query }: Visit): ListQuery {
  const filter = query.get('filter');
  return {
    filter: filter === null || filter.trim() === '' ? null : parseFilter(filter),
    startIndex: Math.max(1, whole(query, 'startIndex') ?? 1),
    count: Math.min(MAX_RESULTS, Math.max(0, whole(query, 'count') ?? DEFAULT_COUNT)),
    projection: readProjection(query),
  };
}

function whole(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  if (!/^-?\d{1,9}$/.test(text)) throw new ScimError(400, `${name} must be a whole number`, 'invalidValue');
  return Number(text);
}

/** Ids are given here, once (RFC 7643 section 3.1). */
export function refuseOtherId(resource: JsonObject, id: string): void {
  const said = resource.id;
  if (said !== undefined && said !== null && said !== id)
    throw new ScimError(400, 'id cannot be changed', 'mutability');
}
