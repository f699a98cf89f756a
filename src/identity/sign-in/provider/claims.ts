import type { Json, JsonObject } from '../../../model/json.ts';

/** Which claims of a provider mean what here. */
export interface ClaimMapping {
  /** The claim that names the person, compared with userName; `null`: people are found by their e-mail address. */
  readonly userName: string | null;
  /** Claim with names of groups; a dot goes into an object (`realm_access.roles`). `null`: none. */
  readonly groups: string | null;
  /** Attribute of the person by claim. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Every address this provider states is verified, whether it says so or not. */
  readonly trustEmail: boolean;
}

export interface Claimed {
  readonly userName: string | null;
  /** Only a verified one: an address anybody could have typed proves nothing. */
  readonly email: string | null;
  /** One was stated and not verified. */
  readonly unverifiedEmail: boolean;
  readonly name: string | null;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

const MAX_GROUPS = 100;
const MAX_TEXT = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f]+$/;

/** What verified claims say of a person. Pure; unknown shapes say nothing. */
export function readClaims(claims: JsonObject, mapping: ClaimMapping): Claimed {
  const email = text(claims.email);
  const verified = mapping.trustEmail || claims.email_verified === true || claims.email_verified === 'true';
  const attributes: Record<string, string> = {};
  for (const [attribute, claim] of Object.entries(mapping.attributes)) {
    const value = text(at(claims, claim));
    // Names of ours are never taken from outside.
    if (value !== null && !attribute.startsWith('interlock.')) attributes[attribute] = value;
  }
  const named = mapping.userName === null ? null : text(at(claims, mapping.userName));
  return {
    // An address used as a name is still an address.
    userName: mapping.userName === 'email' && !verified ? null : named,
    email: verified && email !== null && /^[^@\s]+@[^@\s]+$/.test(email) ? email : null,
    unverifiedEmail: email !== null && !verified,
    name: text(claims.name),
    groups: mapping.groups === null ? [] : names(at(claims, mapping.groups)),
    attributes,
  };
}

function at(claims: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: Json | undefined = claims;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part))
      return undefined;
    value = (value as JsonObject)[part];
  }
  return value;
}

function text(value: Json | undefined): string | null {
  const written = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof written === 'string' && written.length <= MAX_TEXT && PLAIN.test(written) ? written : null;
}

function names(value: Json | undefined): readonly string[] {
  const listed = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return [
    ...new Set(listed.map((each) => (typeof each === 'string' ? text(each) : null)).filter((each) => each !== null)),
  ]
    .slice(0, MAX_GROUPS)
    .sort();
}
