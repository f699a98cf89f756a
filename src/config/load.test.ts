import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { gatewayUrl } from './config.ts';
import { formatProblem, type Loaded, loadConfig, loadConfigText } from './load.ts';

const dir = mkdtempSync(join(tmpdir(), 'interlock-config-'));
mkdirSync(join(dir, 'policies'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const file = join(dir, 'interlock.yaml');

const { publicKey } = generateKeyPairSync('ed25519');
const jwk = publicKey.export({ format: 'jwk' });
const key = { kty: 'OKP', kid: 'k1', alg: 'EdDSA', crv: 'Ed25519', x: jwk.x };

/** A valid file as an object, with `change` applied to it. */
function base(change: (config: Record<string, any>) => void = () => {}): string {
  const config = {
    people: { alice: { name: 'Alice' } },
    agents: {
      buyer: {
        name: 'Buyer',
        owner: 'alice',
        purpose: 'buys',
        archetype: 'homegrown',
        riskTier: 'high',
        keys: [{ ...key }],
      },
    },
    servers: { crm: { url: 'https://crm.example/mcp' } },
  };
  change(config);
  return stringify(config);
}

function load(text: string, env: Record<string, string> = {}): Loaded {
  return loadConfigText(file, text, env);
}

/** `line: message`, of every problem. */
function problems(loaded: Loaded): string[] {
  if (loaded.ok) return [];
  return loaded.problems.map((problem) => `${problem.line}:${problem.column} ${problem.message} | ${problem.help}`);
}

describe('a good configuration', () => {
  it('has every default filled in, paths from the file’s own folder, and no warning', () => {
    const loaded = load(base());
    if (!loaded.ok) throw new Error(problems(loaded).join('\n'));
    expect(loaded.warnings).toEqual([]);
    expect(loaded.files).toEqual([file]);
    const { config } = loaded;
    expect(config.listen).toEqual({
      host: '127.0.0.1',
      port: 7700,
      tls: null,
      allowedHosts: [],
      allowedOrigins: [],
      publicUrl: null,
    });
    expect(config.dataDir).toBe(join(dir, '.interlock'));
    expect(config.admin.socket).toBe(join(dir, '.interlock', 'admin.sock'));
    expect(config.store).toEqual({ kind: 'sqlite', file: join(dir, '.interlock', 'interlock.db') });
    expect(config.tokens.ttlMs).toBe(600_000);
    expect(config.servers[0]).toMatchObject({
      id: 'crm',
      kind: 'http',
      risk: 'high',
      trust: 'first-use',
      timeoutMs: config.limits.requestTimeoutMs,
    });
    expect(config.agents[0]).toMatchObject({ id: 'buyer', servers: null, staticTokenSha256: null });
  });

  it('accepts both spellings of a development token’s digest, and warns loudly', () => {
    const digest = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
    for (const sha256 of [digest, Buffer.from(digest, 'hex').toString('base64url')]) {
      const loaded = load(
        base((config) => {
          config.development = { allowStaticTokens: true };
          config.agents.buyer.staticToken = { sha256 };
        }),
      );
      if (!loaded.ok) throw new Error(problems(loaded).join('\n'));
      expect(loaded.config.agents[0]?.staticTokenSha256).toBe('n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg');
      expect(loaded.warnings[0]?.message).toMatch(/DEVELOPMENT ONLY/);
    }
  });

  it('says how clients reach it', () => {
    const listen = { host: '0.0.0.0', port: 1, tls: null, allowedHosts: [], allowedOrigins: [], publicUrl: null };
    expect(gatewayUrl(listen)).toBe('http://localhost:1');
    expect(gatewayUrl({ ...listen, host: '::1' })).toBe('http://[::1]:1');
    expect(gatewayUrl({ ...listen, publicUrl: 'https://gw.example' })).toBe('https://gw.example');
  });
});

describe('a wrong configuration stops with the place and what to do', () => {
  type Cell = readonly [name: string, text: string, problem: RegExp];
  const cells: readonly Cell[] = [
    ['an unknown key', base((c) => (c.listen = { prot: 1 })), /^\d+:3 unknown key "prot" \| did you mean "port"\?/],
    ['an unknown top-level key', `${base()}agent: {}\n`, /unknown key "agent" \| did you mean "agents"\?/],
    ['a duplicate key', `${base()}servers: {}\n`, /^\d+:1 the key "servers" is given twice \| remove one of the two/],
    ['two documents', `${base()}---\na: 1\n`, /multiple documents|one document/i],
    ['a tab as indentation', 'a:\n\tb: 1\n', /^2:1 .*Tabs.* \| indent with spaces/],
    ['a key into the prototype', `${base()}__proto__: {}\n`, /the key "__proto__" is not allowed/],
    ['a missing required key', 'servers: {}\n', /lacks the key "agents" \| add "agents:"/],
    ['an empty file', '', /lacks the key "agents"/],
    [
      'nothing where a mapping belongs',
      base().replace(/^servers:[\s\S]*$/m, 'servers:\n'),
      /servers must be a mapping .*not nothing \| write \{\} for none/,
    ],
    [
      'a number where text belongs',
      base((c) => (c.people.alice.name = 7)),
      /must be text, not the number 7 \| put it in quotes/,
    ],
    [
      'a word out of a list',
      base((c) => (c.agents.buyer.riskTier = 'hihg')),
      /riskTier is "hihg" \| did you mean "high"\? Allowed: low, medium, high, critical/,
    ],
    ['a limit out of bounds', base((c) => (c.limits = { depth: 1000 })), /limits.depth is 1000 \| allowed: 8 to 256/],
    [
      'a bad server id',
      base((c) => (c.servers = { CRM: { url: 'https://x' } })),
      /"CRM" is no valid name in servers \| names match/,
    ],
    ['a server that is both', base((c) => (c.servers.crm.command = 'x')), /servers.crm has "url" or "command" at once/],
    ['a server that is neither', base((c) => (c.servers.crm = {})), /servers.crm needs "url" or "command"/],
    [
      'a store without a kind',
      base((c) => (c.store = { url: 'postgres://x' })),
      /store lacks the key "kind" \| add "kind:" with one of sqlite, postgres/,
    ],
    ['an unknown store', base((c) => (c.store = { kind: 'mysql' })), /store.kind is "mysql"/],
    [
      'an unknown owner',
      base((c) => (c.agents.buyer.owner = 'alic')),
      /the owner "alic" is not one of people \| did you mean "alice"\?/,
    ],
    [
      'an unknown server of an agent',
      base((c) => (c.agents.buyer.servers = ['crn'])),
      /unknown server "crn" \| did you mean "crm"\?/,
    ],
    [
      'an agent without a key',
      base((c) => (c.agents.buyer.keys = [])),
      /the agent "buyer" has no key and cannot prove itself \| .*interlock agents add buyer --new-key/,
    ],
    [
      'a private key',
      base((c) => (c.agents.buyer.keys[0].d = 'x')),
      /the private part of a key \("d"\) .* \| remove it, treat the key as leaked/,
    ],
    ['a broken key', base((c) => (c.agents.buyer.keys[0].x = 'AAAA')), /these values are no valid public key/],
    [
      'an algorithm that does not fit',
      base((c) => (c.agents.buyer.keys[0].alg = 'ES256')),
      /alg ES256 does not fit this key \(EdDSA or Ed25519\)/,
    ],
    [
      'one kid twice',
      base((c) => c.agents.buyer.keys.push({ ...key, x: other().x })),
      /the kid "k1" belongs to this agent already/,
    ],
    [
      'one key for two agents',
      base((c) => (c.agents.thief = { ...c.agents.buyer, keys: [{ ...key, kid: 'k2' }] })),
      /this key belongs to the agent "buyer"/,
    ],
    [
      'a static token without the switch',
      base((c) => (c.agents.buyer.staticToken = { sha256: '0'.repeat(64) })),
      /static tokens are not allowed/,
    ],
    [
      'anonymous callers without the switch',
      base((c) => (c.development = { anonymousAgent: 'buyer' })),
      /anonymousAgent needs development.allowStaticTokens/,
    ],
    [
      'anonymous callers from the network',
      base((c) => {
        c.development = { allowStaticTokens: true, anonymousAgent: 'buyer' };
        c.listen = { host: '10.0.0.1' };
      }),
      /anonymousAgent works on loopback only, the gateway listens on 10.0.0.1/,
    ],
    [
      'every address without names',
      base((c) => (c.listen = { host: '0.0.0.0' })),
      /nobody but loopback names would be accepted \| set listen.publicUrl/,
    ],
    [
      'a password in a URL',
      base((c) => (c.servers.crm.url = 'https://a:b@crm.example/mcp')),
      /credentials do not belong into the URL/,
    ],
    [
      'a header the protocol owns',
      base((c) => (c.servers.crm.headers = { 'Mcp-Session-Id': 'x' })),
      /the header Mcp-Session-Id cannot be set/,
    ],
    ['a reference where none is replaced', base((c) => (c.data = '${HOME}/x')), /data: \$\{…\} is not replaced here/],
    [
      'a part larger than the whole',
      base((c) => (c.limits = { sessions: 10 })),
      /limits.sessionsPerAgent \(100\) is more than limits.sessions \(10\)/,
    ],
    [
      'a wait longer than its question',
      base((c) => (c.approvals = { expireMs: 1000 })),
      /approvals.waitMs \(120000\) is longer than approvals.expireMs \(1000\)/,
    ],
    ['a folder that is not there', base((c) => (c.policies = './nowhere')), /there is no folder .*nowhere/],
    [
      'a socket path that is too long',
      base((c) => (c.admin = { socket: `/${'x'.repeat(120)}` })),
      /is longer than 103 bytes/,
    ],
    [
      'a certificate that is not there',
      base((c) => (c.listen = { tls: { cert: 'no.pem', key: 'no.key' } })),
      /cannot use .*no.pem \(ENOENT\)/,
    ],
  ];
  it.each(cells)('%s', (_name, text, problem) => {
    const found = problems(load(text));
    expect(
      found.some((line) => problem.test(line)),
      found.join('\n'),
    ).toBe(true);
  });

  it('points at the line and column, in the order of the file', () => {
    const loaded = load(
      'agents: {}\nservers:\n  crm:\n    url: https://x\n    tools:\n      "a b": { effect: reed }\nlimits: { depth: 1 }\n',
    );
    expect(problems(loaded).map((line) => line.split(' ')[0])).toEqual(['6:24', '7:18']);
  });

  it('shows the line with a caret, and hides what may be a secret', () => {
    const text =
      'agents: {}\nservers:\n  crm: { url: https://x, headers: { A: sk-0123456789abcdef0123456789 }, rsik: low }\n';
    const loaded = load(text);
    if (loaded.ok) throw new Error('expected a problem');
    const shown = formatProblem(loaded.problems[0]!, text);
    expect(shown).toContain('interlock.yaml:3:73: unknown key "rsik"');
    expect(shown.split('\n')[2]).toBe(`      | ${' '.repeat(72)}^`);
    expect(shown).not.toContain('sk-0123456789abcdef0123456789');
  });

  it('never throws, whatever the bytes are', async () => {
    const texts = [
      Buffer.from([0xff, 0xfe, 0x00]),
      Buffer.from('a: &a [*a]'),
      Buffer.from('? [a]\n: b'),
      Buffer.from('!!js/function x'),
      Buffer.from('- a'),
      Buffer.from('text'),
      Buffer.from('['.repeat(20_000)),
      Buffer.from(`agents: &a {x: &b {y: [${'*a,'.repeat(9)}*a]}}`),
    ];
    for (const bytes of texts) {
      writeFileSync(file, bytes);
      const loaded = await loadConfig(file, {});
      expect(loaded.ok).toBe(false);
    }
    rmSync(file);
    expect(problems(await loadConfig(file, {}))).toEqual(['1:1 there is no such file | make one with: interlock init']);
  });
});

function other(): { x?: string } {
  return generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) as { x?: string };
}

describe('secrets', () => {
  const withHeader = (value: string): string =>
    base((config) => (config.servers.crm.headers = { Authorization: value }));

  it('come from the environment and from files, which are watched', () => {
    writeFileSync(join(dir, 'token'), 's3cret\n');
    const loaded = load(withHeader('Bearer ${TOKEN} ${file:token} $${x}'), { TOKEN: 'abc' });
    if (!loaded.ok) throw new Error(problems(loaded).join('\n'));
    expect(loaded.config.servers[0]).toMatchObject({ headers: { Authorization: 'Bearer abc s3cret ${x}' } });
    expect(loaded.files).toEqual([file, join(dir, 'token')]);
  });

  const missing: readonly (readonly [string, string, RegExp])[] = [
    ['a variable that is not set', '${NOT_SET}', /the environment variable NOT_SET is not set/],
    ['a variable that is empty', '${EMPTY}', /the environment variable EMPTY is empty/],
    ['a file that is not there', '${file:/nowhere/x}', /cannot read \/nowhere\/x \(ENOENT\)/],
    ['a file that is empty', '${file:empty}', /the file is empty/],
    ['a reference of another kind', '${A:-default}', /"\$\{A:-default\}" is no reference/],
    ['a line break in a header', '${LINES}', /cannot be a header \| only printable ASCII/],
  ];
  it.each(missing)('%s stops the start', (_name, value, problem) => {
    writeFileSync(join(dir, 'empty'), '\n');
    const found = problems(load(withHeader(value), { EMPTY: '', LINES: 'a\r\nX-Evil: 1' }));
    expect(found.join('\n')).toMatch(problem);
  });

  it('as plain text are only warned about', () => {
    const loaded = load(withHeader('Bearer abc'));
    expect(loaded.ok && loaded.warnings.map((warning) => warning.message)).toEqual([
      'a secret stands in this file as plain text',
    ]);
  });
});
