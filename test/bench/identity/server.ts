/**
 * A token endpoint in a process of its own: `node server.ts interlock|oidc '<public JWK of the client>' <directory>`. Prints its
 * issuer, the audience of assertions and the address of its token endpoint as one JSON line, and serves until it is stopped.
 */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { systemClock } from '../../../src/adapters/clock.ts';
import { realDisk } from '../../../src/adapters/disk/real.ts';
import { openJournal } from '../../../src/audit/journal.ts';
import type { PublicJwk } from '../../../src/model/agent.ts';
import { openRevocation } from '../../../src/revocation/revocation.ts';
import { agent, openOAuthWorld } from '../../cases/fixtures/oauth-world.ts';
import { open } from '../../contract/stores-fixture.ts';

export interface Served {
  readonly audience: string;
  readonly endpoint: string;
  readonly resource: string;
}

const CLIENT = 'buyer';

/** Real stores on a disk, a real journal, the real doors: an exchange is on record before it is answered. */
async function interlock(jwk: PublicJwk, dir: string): Promise<Served> {
  mkdirSync(dir, { recursive: true });
  const location = { kind: 'sqlite', at: join(dir, 'store.db') } as const;
  const limits = { minFreeBytes: 0 };
  const journal = await openJournal({ dir: join(dir, 'journal'), disk: realDisk, clock: systemClock, limits });
  const locks = await open(location);
  const revocation = await openRevocation({ locks: locks.locks, clock: systemClock });
  const world = await openOAuthWorld({
    dir,
    openStores: () => open(location),
    gateway: { journal, revocation } as never,
    agents: [agent(CLIENT, { keys: [jwk] })],
  });
  const endpoint = `${world.url}/oauth/token`;
  return { audience: endpoint, endpoint, resource: `${world.url}/mcp/crm` };
}

/** `oidc-provider` alone, its own adapter in memory: client credentials with private_key_jwt, the access token a signed JWT. */
async function oidc(jwk: PublicJwk): Promise<Served> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const resource = `${issuer}/mcp/crm`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        ...{ grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
        ...{ token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' },
        id_token_signed_response_alg: 'ES256',
        jwks: { keys: [jwk as never] },
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'one' } as never] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        getResourceServerInfo: () => ({
          ...{ scope: 'crm:read', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 600 },
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  server.on('request', provider.callback());
  return { audience: issuer, endpoint: `${issuer}/token`, resource };
}

if (process.argv[2] !== undefined) {
  const [which, jwk, dir] = process.argv.slice(2) as [string, string, string];
  const parsed = JSON.parse(jwk) as PublicJwk;
  const served = which === 'oidc' ? await oidc(parsed) : await interlock(parsed, dir);
  process.stdout.write(`${JSON.stringify(served)}\n`);
}
