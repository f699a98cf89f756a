import type { RawCredentials } from '../schema/credentials.ts';
import type { ConfigFile } from '../schema.ts';
import type { Finding, Path } from '../source/problem.ts';

/** Set by the gateway or the protocol; a credential in one of them would break the conversation. */
const RESERVED =
  /^(?:accept|connection|content-length|content-type|expect|host|keep-alive|last-event-id|te|trailer|transfer-encoding|upgrade|mcp-.*|interlock-action.*)$/i;

type RawClient = { issuer?: string; tokenEndpoint?: string; clientAuth?: string; clientSecret?: unknown };

/** What the shape of `servers.*.credentials` cannot say. Pure. */
export function checkCredentials(raw: ConfigFile): Finding[] {
  return Object.entries(raw.servers).flatMap(([id, server]) => {
    const { credentials } = server;
    if (credentials === undefined) return [];
    const path: Path = ['servers', id, 'credentials'];
    const findings =
      'url' in server ? checkHeader(credentials, path, Object.keys(server.headers ?? {})) : checkEnv(credentials, path);
    if (credentials.kind === 'inject') return findings;
    findings.push(...checkClient(credentials, path, 'url' in server));
    if (credentials.kind === 'id-jag') findings.push(...checkClient(credentials.idp, [...path, 'idp'], false));
    if (credentials.kind === 'oauth' && credentials.tokenEndpoint !== undefined)
      findings.push(
        at(
          [...path, 'tokenEndpoint'],
          'people are sent to the authorization server, so its metadata is needed',
          'set issuer instead',
        ),
      );
    return findings;
  });
}

function checkHeader(credentials: RawCredentials, path: Path, configured: readonly string[]): Finding[] {
  const name = credentials.header ?? 'Authorization';
  const findings: Finding[] = [];
  if (credentials.env !== undefined)
    findings.push(at([...path, 'env'], 'a variable reaches no server over HTTP', 'use header, or leave it out'));
  if (RESERVED.test(name))
    findings.push(
      at([...path, 'header'], `the header ${name} cannot be set`, 'use Authorization or one of the server’s own'),
    );
  if (configured.some((header) => header.toLowerCase() === name.toLowerCase()))
    findings.push(at(path, `headers sets ${name} as well`, `remove ${name} from headers`));
  return findings;
}

function checkEnv(credentials: RawCredentials, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (credentials.header !== undefined)
    findings.push(at([...path, 'header'], 'a child process gets no headers', 'use env'));
  if (credentials.env === undefined)
    findings.push(at(path, 'nothing says which variable carries the credential', 'set env'));
  return findings;
}

function checkClient(client: RawClient, path: Path, discovered: boolean): Finding[] {
  const findings: Finding[] = [];
  if (client.issuer === undefined && client.tokenEndpoint === undefined && !discovered)
    findings.push(at(path, 'nothing says which authorization server', 'set issuer'));
  const wantsSecret = client.clientAuth?.startsWith('client_secret') === true;
  if (wantsSecret && client.issuer === undefined && client.tokenEndpoint === undefined)
    findings.push(at([...path, 'clientAuth'], 'the server could name anybody to be shown this secret', 'set issuer'));
  if (wantsSecret && client.clientSecret === undefined)
    findings.push(at([...path, 'clientAuth'], `${client.clientAuth} needs a secret`, 'set clientSecret: { file: … }'));
  if (!wantsSecret && client.clientSecret !== undefined)
    findings.push(
      at(
        [...path, 'clientSecret'],
        'this secret would not be used',
        'set clientAuth: client_secret_basic, or remove it',
      ),
    );
  return findings;
}

function at(path: Path, message: string, help: string): Finding {
  return { path, at: 'value', message, help };
}
