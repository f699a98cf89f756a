import { join } from 'node:path';
import { SignJWT } from 'jose';
import { systemClock } from '../adapters/clock.ts';
import { secretReader } from '../adapters/secret-reader.ts';
import { openWeb } from '../adapters/web.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/load.ts';
import { type CredentialServer, Credentials } from '../credentials/credentials.ts';
import { type KeySource, ownKeyFile } from '../credentials/vault/keys.ts';
import { openVault } from '../credentials/vault/vault.ts';
import type { Log } from '../gateway/gateway.ts';
import { onlyKey, openSigningKey } from '../identity/keys.ts';
import type { SecretFrom } from '../model/credential.ts';
import type { SecretStore } from '../ports/identity-stores.ts';
import type { SecretReader } from '../ports/secrets.ts';

export interface CredentialParts {
  readonly config: Config;
  readonly env: Environment;
  readonly store: SecretStore;
  readonly url: () => string;
  readonly log: Log;
}

/** The vault, and the credentials of every configured server. */
export async function openCredentials(parts: CredentialParts): Promise<Credentials> {
  const { config, env, store, url, log } = parts;
  // What the operator's configuration names may be private; a document that names something else may not.
  const held: { credentials?: Credentials } = {};
  const web = openWeb({ trusted: () => held.credentials?.origins() ?? [] });
  const keys = onlyKey(await openSigningKey(join(config.dataDir, 'keys')));
  const secrets = secretReader(env);
  const vault = await openVault({ store, keys: vaultKeys(config, secrets), clock: systemClock });
  const sign = async (typ: string, claims: object): Promise<string> => {
    const key = keys.current();
    const jwt = new SignJWT(claims as never).setProtectedHeader({
      alg: key.publicJwk.alg ?? 'ES256',
      kid: key.kid,
      typ,
    });
    return jwt.sign(key.privateKey);
  };
  const credentials = new Credentials({
    ...{ vault, web: web.fetch, secrets, sign, clock: systemClock, url, log },
    closed: () => web.close(),
  });
  held.credentials = credentials;
  return credentials;
}

function vaultKeys({ dataDir, vault }: Config, secrets: SecretReader): KeySource {
  const { key } = vault;
  if (key === null) return ownKeyFile(join(dataDir, 'keys'));
  return { read: async () => (await secrets.read(key satisfies SecretFrom)).value, add: null };
}

export function credentialServers(config: Config): readonly CredentialServer[] {
  return config.servers.flatMap((server) =>
    server.credentials === null
      ? []
      : [{ id: server.id, url: server.kind === 'http' ? server.url : null, settings: server.credentials }],
  );
}
