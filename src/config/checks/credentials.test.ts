import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../load.ts';

const PERSON = 'people: { alice: { name: Alice } }\nagents: {}\npolicies: .\n';
const load = (server: string, more = '') =>
  loadConfigText('/tmp/interlock.yaml', `${PERSON}${more}servers:\n  crm: ${server}\n`, {});
const http = (credentials: string) => load(`{ url: "https://crm.example/mcp", credentials: ${credentials} }`);
const stdio = (credentials: string) => load(`{ command: server, credentials: ${credentials} }`);
const why = (loaded: ReturnType<typeof load>): string =>
  loaded.ok ? 'accepted' : loaded.problems.map(({ message }) => message).join('\n');

describe('credentials in the configuration (requirement CN8)', () => {
  it('become what the gateway works with, paths absolute and defaults filled in', () => {
    const loaded = http('{ kind: inject, from: { file: ./token } }');
    if (!loaded.ok) throw new Error(why(loaded));
    expect(loaded.config.servers[0]!.credentials).toEqual({
      kind: 'inject',
      from: { kind: 'file', path: '/tmp/token' },
      placement: { kind: 'header', name: 'Authorization', template: 'Bearer {secret}' },
    });
    const child = stdio('{ kind: inject, env: KEY, from: { command: [pass, show] } }');
    if (!child.ok) throw new Error(why(child));
    expect(child.config.servers[0]!.credentials).toMatchObject({
      placement: { kind: 'env', name: 'KEY', template: '{secret}' },
      from: { kind: 'command', argv: ['pass', 'show'], ttlMs: 300_000, timeoutMs: 10_000 },
    });
    const oauth = http('{ kind: oauth, clientId: interlock }');
    if (!oauth.ok) throw new Error(why(oauth));
    expect(oauth.config.servers[0]!.credentials).toMatchObject({
      resource: 'https://crm.example/mcp',
      client: { issuer: null },
    });
    expect(oauth.config.vault).toEqual({ key: null });
  });

  it.each([
    ['{ kind: inject, env: KEY, from: { file: a } }', /a variable reaches no server over HTTP/],
    ['{ kind: inject, header: Mcp-Session-Id, from: { file: a } }', /cannot be set/],
    ['{ kind: inject, header: Content-Length, from: { file: a } }', /cannot be set/],
    ['{ kind: id-jag, clientId: a, idp: { clientId: b } }', /which authorization server/],
    ['{ kind: oauth, clientId: a, clientAuth: client_secret_basic }', /needs a secret/],
    ['{ kind: oauth, clientId: a, clientSecret: { file: a } }', /would not be used/],
    [
      '{ kind: oauth, clientId: a, issuer: "https://as.example", tokenEndpoint: "https://as.example/t" }',
      /metadata is needed/,
    ],
  ])('%s is refused over HTTP', (credentials, message) => {
    expect(why(http(credentials))).toMatch(message);
  });

  it.each([
    ['{ kind: inject, from: { file: a } }', /which variable/],
    ['{ kind: inject, env: KEY, header: X-Key, from: { file: a } }', /gets no headers/],
    ['{ kind: exchange, env: KEY, clientId: a }', /which authorization server/],
  ])('%s is refused for a child process', (credentials, message) => {
    expect(why(stdio(credentials))).toMatch(message);
  });

  it('a header that is configured twice, an unknown kind and a secret in plain text are refused', () => {
    const twice = load(
      '{ url: "https://a.example/mcp", headers: { authorization: x }, credentials: { kind: inject, from: { file: a } } }',
    );
    expect(why(twice)).toMatch(/headers sets Authorization as well/);
    expect(why(http('{ kind: magic }'))).not.toBe('accepted');
    expect(why(http('{ kind: inject, from: "the secret itself" }'))).not.toBe('accepted');
  });
});
