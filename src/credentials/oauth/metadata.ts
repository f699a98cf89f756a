import * as oauth from 'oauth4webapi';
import type { asFetch } from '../../ports/web.ts';

type Fetch = ReturnType<typeof asFetch>;

const MAX_ISSUERS = 5;

/** Whether http will do is the guarded fetch's to say: only for an origin the operator named. */
function options(web: Fetch): oauth.HttpRequestOptions<'GET'> {
  const get = (
    url: string,
    { headers, signal }: { headers: Record<string, string>; signal?: AbortSignal | undefined },
  ) => web(url, { headers, ...(signal === undefined ? {} : { signal }) });
  return { [oauth.customFetch]: get, [oauth.allowInsecureRequests]: true };
}

/** RFC 9728: the authorization server an MCP server names. Its metadata must be about exactly this server. */
export async function findIssuer(web: Fetch, serverUrl: string | null): Promise<string> {
  if (serverUrl === null) throw new Error('no issuer is configured: set credentials.issuer');
  const exact = new URL(serverUrl);
  const tries = exact.pathname === '/' ? [exact] : [exact, new URL('/', exact)];
  let why: unknown = null;
  for (const resource of tries) {
    try {
      const answer = await oauth.resourceDiscoveryRequest(resource, options(web));
      const { authorization_servers: found } = await oauth.processResourceDiscoveryResponse(resource, answer);
      const first = Array.isArray(found) && found.length <= MAX_ISSUERS ? found[0] : undefined;
      if (typeof first === 'string') return first;
      throw new Error('the server names no authorization server');
    } catch (error) {
      why ??= error;
    }
  }
  throw why;
}

/** RFC 8414, else OpenID Connect Discovery. The document must name the issuer it was asked for (mix-up defence). */
export async function readMetadata(web: Fetch, issuer: string): Promise<oauth.AuthorizationServer> {
  const expected = new URL(issuer);
  let why: unknown = null;
  for (const algorithm of ['oauth2', 'oidc'] as const) {
    try {
      const answer = await oauth.discoveryRequest(expected, { algorithm, ...options(web) });
      return await oauth.processDiscoveryResponse(expected, answer);
    } catch (error) {
      why ??= error;
    }
  }
  throw why;
}
