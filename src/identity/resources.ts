/** The names of everything this gateway protects, and where its authorization endpoints are. Derived from one public URL. */
export interface Resources {
  /** RFC 8414 issuer: the public URL without a final slash. */
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly authorizationEndpoint: string;
  readonly jwksUri: string;
  /** `<publicUrl>/mcp`: every server behind the gateway. */
  readonly aggregate: string;
}

const WELL_KNOWN_RESOURCE = '/.well-known/oauth-protected-resource';

/** Asked on every call, answered the same for the life of the process: parsing a URL costs more than everything else about it. */
let last: { readonly publicUrl: string; readonly resources: Resources } | null = null;

/** `publicUrl` is scheme, host and port as clients write them. Throws TypeError when it is no such URL. */
export function resourcesOf(publicUrl: string): Resources {
  if (last?.publicUrl !== publicUrl) last = { publicUrl, resources: derive(publicUrl) };
  return last.resources;
}

function derive(publicUrl: string): Resources {
  const issuer = normalizeResource(publicUrl);
  if (issuer === null || new URL(issuer).pathname !== '/') {
    throw new TypeError(`publicUrl must be scheme, host and port without a path, not ${JSON.stringify(publicUrl)}`);
  }
  return {
    issuer,
    tokenEndpoint: `${issuer}/oauth/token`,
    authorizationEndpoint: `${issuer}/oauth/authorize`,
    jwksUri: `${issuer}/oauth/jwks`,
    aggregate: `${issuer}/mcp`,
  };
}

export function serverResource(resources: Resources, server: string): string {
  return `${resources.aggregate}/${server}`;
}

/** The server id a resource names; `null` for anything else, the aggregate too. */
export function serverOf(resources: Resources, resource: string): string | null {
  const prefix = `${resources.aggregate}/`;
  if (!resource.startsWith(prefix)) return null;
  const id = resource.slice(prefix.length);
  return id === '' || id.includes('/') ? null : id;
}

/**
 * Whether a token for these audiences may be used at `resource`. A token for the aggregate covers every server under it; one for a
 * server covers that server only. Anything but exact names is never a match: prefixes of URLs are how tokens leak to neighbours.
 */
export function covers(resources: Resources, audiences: readonly string[], resource: string): boolean {
  for (const audience of audiences) {
    if (audience === resource) return true;
    if (audience === resources.aggregate && resource.startsWith(`${resources.aggregate}/`)) return true;
  }
  return false;
}

/** Where the metadata of a resource is (RFC 9728 section 3.1: the well-known part goes between host and path). */
export function resourceMetadataUrl(resources: Resources, resource: string): string {
  const path = resource.startsWith(resources.issuer) ? resource.slice(resources.issuer.length) : '';
  return `${resources.issuer}${WELL_KNOWN_RESOURCE}${path}`;
}

/**
 * One spelling per resource (RFC 8707 section 2: absolute, no fragment; here also no query and no user info), without a final
 * slash. `null` when it is no such URL.
 */
export function normalizeResource(value: string): string | null {
  if (value.length > 2048 || !URL.canParse(value)) return null;
  const url = new URL(value);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || !plain || /[?#]/.test(value)) return null;
  return url.href.replace(/\/+$/, '');
}
