import type { Agent, PublicJwk } from '../../model/agent.ts';
import { isObject } from '../../model/json.ts';
import { whyUnusable } from '../../model/jwk.ts';
import { isNotificationEndpoint } from '../../model/notification.ts';
import { isScope } from '../../model/scope.ts';

/** What a person can say of an agent. State, creator and origin are made by the registry. */
export type AgentFields = Omit<Agent, 'id' | 'state' | 'creator' | 'origin'>;
export type FieldName = keyof AgentFields;

const ID = /^[a-z][a-z0-9-]{0,31}$/;
/** People of an identity provider have ids of its making. */
const PERSON = /^[^\s\p{Cc}]{1,200}$/u;
const GROUP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_EXPIRY_MS = 253_402_300_799_000;

type Check = (value: unknown) => string | null;

const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? null : `must be ${words.join(', ')}`;
const text =
  (max: number): Check =>
  (value) =>
    typeof value === 'string' && value.trim() !== '' && value.length <= max && !/\p{Cc}/u.test(value)
      ? null
      : `must be a text of 1 to ${max} characters, without control characters`;
const like =
  (pattern: RegExp, what: string): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? null : `must be ${what}`;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);
const list =
  (max: number, check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    if (value.length > max) return `has more than ${max} entries`;
    if (new Set(value.map((each) => JSON.stringify(each))).size < value.length) return 'has an entry twice';
    for (const [i, each] of value.entries()) {
      const wrong = check(each);
      if (wrong !== null) return `entry ${i + 1} ${wrong}`;
    }
    return null;
  };

const person = like(PERSON, 'the id of a person');
const server = like(ID, 'the id of a server');

export const FIELDS: Readonly<Record<FieldName, Check>> = Object.freeze({
  name: text(500),
  owner: person,
  deputies: list(50, person),
  purpose: text(500),
  archetype: oneOf('homegrown', 'saas', 'developer_tool'),
  riskTier: oneOf('low', 'medium', 'high', 'critical'),
  department: orNull(text(500)),
  groups: list(100, like(GROUP, 'a group: letters, digits, dot, hyphen, underscore')),
  expiresAtMs: orNull((value) =>
    Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= MAX_EXPIRY_MS
      ? null
      : 'must be a time in milliseconds since 1970',
  ),
  keys: list(10, key),
  workloads: list(20, workload),
  clients: list(50, client),
  redirectUris: list(50, redirectUri),
  backchannel: orNull(backchannel),
  servers: orNull(list(500, server)),
  scopes: orNull(list(200, (value) => (typeof value === 'string' && isScope(value) ? null : 'is no scope'))),
  template: orNull(like(ID, 'the id of a template')),
});

/** Shape only. `unknown` names and wrong values as sentences, each starting with its field. */
export function readFields(raw: unknown): { readonly fields: Partial<AgentFields>; readonly problems: string[] } {
  if (!isObject(raw)) return { fields: {}, problems: ['an agent is an object of fields'] };
  const problems: string[] = [];
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (!Object.hasOwn(FIELDS, name)) {
      problems.push(`${name}: there is no such field`);
      continue;
    }
    const wrong = FIELDS[name as FieldName](value);
    if (wrong === null) fields[name] = value;
    else problems.push(`${name}: ${wrong}`);
  }
  return { fields: fields as Partial<AgentFields>, problems };
}

export function isAgentId(id: string): boolean {
  return ID.test(id);
}

function key(value: unknown): string | null {
  if (!isObject(value) || typeof value.kid !== 'string' || value.kid === '' || value.kid.length > 200)
    return 'must be a public JWK with a kid';
  const known = ['kty', 'kid', 'alg', 'use', 'crv', 'x', 'y', 'n', 'e'];
  const strange = Object.keys(value).find((name) => !known.includes(name));
  if (strange !== undefined) {
    const leaked = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].includes(strange);
    return leaked
      ? `has its private part ("${strange}"): treat the key as leaked and make another`
      : `has a member "${strange}"`;
  }
  return whyUnusable(value as unknown as PublicJwk);
}

function workload(value: unknown): string | null {
  if (!isObject(value) || Object.keys(value).some((name) => name !== 'issuer' && name !== 'subject'))
    return 'must be { issuer, subject }';
  for (const part of [value.issuer, value.subject])
    if (typeof part !== 'string' || part === '' || part.length > 1000) return 'needs an issuer and a subject';
  return null;
}

/** A client metadata document (https, with a path), or the id of a registered client. */
function client(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > 1000 || /[\s\p{Cc}]/u.test(value))
    return 'must be a client id';
  if (!value.includes('://')) return null;
  const url = URL.parse(value);
  const proper = url?.protocol === 'https:' && url.pathname.length > 1 && url.hash === '' && url.username === '';
  return proper ? null : 'must be an https URL with a path and without a fragment, or a registered client id';
}

/** OpenID Connect CIBA section 4: https; http on loopback for trying out. Private addresses are asked only where an operator named them. */
function backchannel(value: unknown): string | null {
  if (!isObject(value) || Object.keys(value).some((name) => name !== 'mode' && name !== 'notificationEndpoint'))
    return 'must be { mode, notificationEndpoint }';
  const { mode, notificationEndpoint: endpoint } = value;
  if (mode === 'poll') return endpoint === null ? null : 'in mode poll has notificationEndpoint: null';
  if (mode !== 'ping') return 'needs the mode poll or ping';
  return isNotificationEndpoint(endpoint)
    ? null
    : 'in mode ping needs a notificationEndpoint: https, or http on loopback';
}

/** RFC 8252: https anywhere, http on loopback, or a scheme of the program's own. Never script or data. */
function redirectUri(value: unknown): string | null {
  const url = typeof value === 'string' && value.length <= 1000 ? URL.parse(value) : null;
  if (url === null || url.hash !== '' || url.username !== '') return 'must be an absolute URI without a fragment';
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) return null;
  return /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/.test(url.protocol)
    ? null
    : 'must be https, http on loopback, or a private scheme such as com.example.app:';
}
