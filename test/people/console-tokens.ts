import { randomUUID } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SignJWT } from 'jose';
import { type KeyPair, keyPair } from '../attack/token-world.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** Agents that prove themselves with keys of their own, for a world that is opened later. */
export class AgentKeys {
  readonly #keys = new Map<string, KeyPair>();

  static async of(...agents: readonly string[]): Promise<AgentKeys> {
    const made = new AgentKeys();
    for (const agent of agents) made.#keys.set(agent, await keyPair());
    return made;
  }

  /** Puts the public halves into the configuration. */
  enter(config: Record<string, any>): void {
    for (const [agent, { publicJwk }] of this.#keys) config.agents[agent].keys = [publicJwk];
  }

  /** What the token endpoint answers that agent. */
  async ask(origin: string, agent: string, fields: Record<string, string>): Promise<Record<string, string>> {
    const { privateKey, publicJwk, alg } = this.#keys.get(agent)!;
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: agent, sub: agent, aud: `${origin}/oauth/token`, iat: nowS, exp: nowS + 60 };
    const assertion = await new SignJWT({ ...claims, jti: randomUUID() })
      .setProtectedHeader({ alg, kid: publicJwk.kid })
      .sign(privateKey);
    const body = new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ...{ client_assertion: assertion, ...fields },
    });
    const answer = await fetch(`${origin}/oauth/token`, { method: 'POST', body });
    return (await answer.json()) as Record<string, string>;
  }

  own(origin: string, agent: string, scope: string): Promise<Record<string, string>> {
    return this.ask(origin, agent, { grant_type: 'client_credentials', scope });
  }

  /** That agent takes over what another holds: all of it, or the scopes it names. */
  takeOver(
    origin: string,
    agent: string,
    held: Record<string, string>,
    more: { readonly scope?: string } = {},
  ): Promise<Record<string, string>> {
    const fields = { subject_token: held.access_token!, subject_token_type: ACCESS_TOKEN };
    return this.ask(origin, agent, { grant_type: EXCHANGE, ...fields, ...more });
  }
}

/** Whether a call with that token came through. */
export async function callWith(origin: string, bearer: string, name: string): Promise<boolean> {
  const client = new Client({ name: 'case', version: '1' });
  const requestInit = { headers: { authorization: `Bearer ${bearer}` } };
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp/erp', origin), { requestInit }));
    return (await client.callTool({ name, arguments: { limit: 1 } })).isError !== true;
  } catch {
    return false;
  } finally {
    await client.close().catch(() => {});
  }
}
