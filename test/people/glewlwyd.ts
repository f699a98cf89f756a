import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const TABLES = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';

/** Why there is no such server here, or null. */
export const NO_GLEWLWYD: string | null =
  spawnSync('which', ['glewlwyd']).status === 0 && existsSync(TABLES)
    ? null
    : 'glewlwyd is not installed (apt-get install glewlwyd)';

export const GLEWLWYD_CLIENT = { id: 'interlock', secret: 'a-secret-of-another-house' } as const;
const PERSON = { username: 'alice', password: 'a password over there' } as const;

/** An identity provider somebody else wrote, in C: Debian's Glewlwyd on a database of its own. */
export interface Glewlwyd {
  readonly issuer: string;
  /** What a person does there: signs in, agrees, and is sent back. The address they are sent to. */
  visit(url: string): Promise<string>;
  close(): Promise<void>;
}

export async function openGlewlwyd(redirectUri: string): Promise<Glewlwyd> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-glewlwyd-'));
  const port = await freePort();
  const base = `http://localhost:${port}`;
  const database = new DatabaseSync(join(dir, 'glewlwyd.db'));
  database.exec(readFileSync(TABLES, 'utf8'));
  database.close();
  await writeFile(join(dir, 'glewlwyd.conf'), settings(port, dir));
  const child = spawn('glewlwyd', [`--config-file=${join(dir, 'glewlwyd.conf')}`], { stdio: 'ignore' });
  try {
    await answers(`${base}/config`, child);
    await furnish(base, redirectUri);
  } catch (error) {
    child.kill();
    throw error;
  }
  return {
    issuer: `${base}/api/oidc`,
    async visit(url) {
      const call = session(base);
      await call('POST', '/api/auth/', PERSON);
      await call('PUT', `/api/auth/grant/${GLEWLWYD_CLIENT.id}`, { scope: 'openid' });
      const { location } = await call('GET', `${url.slice(base.length)}&g_continue=1`);
      if (location === null) throw new Error('the provider sends nobody back');
      return location;
    },
    async close() {
      child.kill();
      await new Promise((done) => child.once('exit', done));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function settings(port: number, dir: string): string {
  return `port=${port}
bind_address="127.0.0.1"
external_url="http://localhost:${port}/"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
log_mode="file"
log_level="WARNING"
log_file="${join(dir, 'glewlwyd.log')}"
cookie_domain="localhost"
cookie_secure=0
session_expiration=3600
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3", path = "${join(dir, 'glewlwyd.db')}" }
`;
}

/** What its operator does in its administration: a signing key, a client, a person. */
async function furnish(base: string, redirectUri: string): Promise<void> {
  const call = session(base);
  await call('POST', '/api/auth/', { username: 'admin', password: 'password' });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await call('POST', '/api/mod/plugin/', {
    ...{ module: 'oidc', name: 'oidc', display_name: 'OpenID Connect', enabled: true },
    parameters: {
      ...{ iss: `${base}/api/oidc`, 'jwt-type': 'rsa', 'jwt-key-size': '256' },
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: publicKey.export({ type: 'spki', format: 'pem' }),
      ...{ 'access-token-duration': 300, 'refresh-token-duration': 3600, 'code-duration': 60 },
      ...{ 'refresh-token-rolling': true, 'allow-non-oidc': false, 'subject-type': 'public', 'jwks-show': true },
      ...{ 'auth-type-code-enabled': true, 'auth-type-token-enabled': false, 'auth-type-refresh-enabled': true },
      ...{
        'auth-type-implicit-enabled': false,
        'auth-type-password-enabled': false,
        'auth-type-client-enabled': false,
      },
      ...{ 'auth-type-none-enabled': false, 'auth-type-device-enabled': false },
      ...{ 'pkce-allowed': true, 'pkce-required': true, 'oauth-as-iss-id': true, 'session-management-allowed': true },
      ...{ 'session-cookie-name': 'OP_SESSION', 'session-cookie-expiration': 3600 },
      ...{ 'name-claim': 'mandatory', 'email-claim': 'mandatory', 'allowed-scope': ['openid'] },
    },
  });
  await call('POST', '/api/client/', {
    ...{ client_id: GLEWLWYD_CLIENT.id, name: 'Interlock', confidential: true, enabled: true },
    ...{ password: GLEWLWYD_CLIENT.secret, client_secret: GLEWLWYD_CLIENT.secret },
    ...{ redirect_uri: [redirectUri], authorization_type: ['code', 'refresh_token'], scope: ['openid'] },
    token_endpoint_auth_method: ['client_secret_post'],
  });
  await call('POST', '/api/user/', {
    ...PERSON,
    ...{ name: 'Alice over there', email: 'alice@example.com', scope: ['g_profile', 'openid'], enabled: true },
  });
}

type Call = (method: string, path: string, body?: object) => Promise<{ location: string | null }>;

function session(base: string): Call {
  let cookie = '';
  return async (method, path, body) => {
    const answer = await globalThis.fetch(base + path, {
      method,
      redirect: 'manual',
      headers: { cookie, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie;
    return { location: answer.headers.get('location') };
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (child.exitCode !== null) throw new Error(`glewlwyd ended with ${child.exitCode}`);
    if (
      await globalThis.fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('glewlwyd does not answer');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
