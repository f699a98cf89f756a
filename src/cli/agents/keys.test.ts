import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { CliError } from '../shell/exit.ts';
import type { HttpCall, HttpClient } from './http.ts';
import { type KeyAlgorithm, keyFile, makeKey, readKey, writeKey } from './keys.ts';
import { fetchToken, signAssertion, tokenSource } from './token.ts';

const dir = mkdtempSync(join(tmpdir(), 'il-keys-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof CliError ? `${error.exit} ${error.message} | ${error.help}` : String(error);
  }
}

describe('key pairs', () => {
  it.each(['EdDSA', 'ES256'] as const)(
    '%s: the public part verifies, and has nothing private',
    async (algorithm: KeyAlgorithm) => {
      const key = await makeKey(algorithm);
      expect(key.publicJwk.kid).toBe(await calculateJwkThumbprint(key.publicJwk as never));
      expect(Object.keys(key.publicJwk)).not.toContain('d');
      const assertion = await signAssertion(
        { agent: 'buyer', key: key.privateJwk, gateway: 'https://gw' },
        Date.parse('2030-01-01'),
      );
      const verified = await jwtVerify(assertion, createLocalJWKSet({ keys: [{ ...key.publicJwk }] }), {
        currentDate: new Date('2030-01-01'),
        audience: 'https://gw/oauth/token',
      });
      expect(verified.payload).toMatchObject({
        iss: 'buyer',
        sub: 'buyer',
        exp: (verified.payload.iat ?? 0) + 60,
        jti: expect.any(String),
      });
    },
  );

  it('are for their owner only, and never overwritten', async () => {
    const file = keyFile(dir, 'buyer');
    const key = await makeKey('EdDSA');
    writeKey(file, key, false);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readKey(file)).toEqual(key.privateJwk);
    const before = readFileSync(file, 'utf8');
    expect(messageOf(() => writeKey(file, key, false))).toMatch(/^2 .*exists already .*--key-out/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    chmodSync(file, 0o640);
    expect(messageOf(() => readKey(file))).toMatch(/^1 others may read the key .* \| chmod 600/);
    writeKey(file, key, true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('that are none are refused with what to do', () => {
    expect(messageOf(() => readKey(join(dir, 'none')))).toMatch(/cannot read .*ENOENT.*--key/);
    for (const text of ['', '{', '{"kty":"OKP","kid":"x"}']) {
      writeFileSync(join(dir, 'bad'), text, { mode: 0o600 });
      expect(messageOf(() => readKey(join(dir, 'bad')))).toMatch(/holds no private JWK/);
    }
  });
});

describe('tokens', () => {
  function gateway(answer: (call: HttpCall) => { status: number; body: unknown }): HttpClient & { calls: HttpCall[] } {
    const calls: HttpCall[] = [];
    return {
      calls,
      async send(call) {
        calls.push(call);
        const { status, body } = answer(call);
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        return {
          status,
          header: () => 'application/json',
          body: (async function* () {})(),
          text: async () => text,
          discard: async () => {},
        };
      },
      close: async () => {},
    };
  }
  const clock = { now: 1_000_000, nowMs: () => clock.now, monotonicUs: () => clock.now * 1000 };
  const request = async () => ({
    agent: 'buyer',
    key: (await makeKey('EdDSA')).privateJwk,
    gateway: 'https://gw',
    resource: 'https://gw/mcp/crm',
  });

  it('are asked for with an assertion, for one resource', async () => {
    const http = gateway(() => ({ status: 200, body: { access_token: 't', token_type: 'Bearer', expires_in: 600 } }));
    expect(await fetchToken(await request(), { http, clock })).toEqual({ token: 't', expiresAtMs: 1_600_000 });
    expect(http.calls[0]).toMatchObject({ method: 'POST', url: 'https://gw/oauth/token' });
    const form = new URLSearchParams(http.calls[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      resource: 'https://gw/mcp/crm',
    });
  });

  const refusals: readonly (readonly [number, unknown, RegExp])[] = [
    [
      401,
      { error: 'invalid_client', error_description: 'not signed by a key' },
      /^5 no token, invalid_client: not signed by a key/,
    ],
    [400, { error: 'invalid_target' }, /^5 no token, invalid_target/],
    [503, { error: 'temporarily_unavailable' }, /^1 no token/],
    [404, 'nothing here', /^5 no token, HTTP 404.*really the gateway/],
    [200, { token: 'x' }, /^1 the gateway answered without a token/],
    [200, { access_token: 't', expires_in: -1 }, /^1 the gateway answered without a token/],
  ];
  it.each(refusals)('answer %i %j says why not', async (status, body, message) => {
    const http = gateway(() => ({ status, body }));
    const error = await fetchToken(await request(), { http, clock }).catch((thrown: CliError) => thrown);
    expect(error instanceof CliError ? `${error.exit} ${error.message} | ${error.help}` : error).toMatch(message);
  });

  it('are renewed before they end, and once for many who ask at the same time', async () => {
    let n = 0;
    const http = gateway(() => ({ status: 200, body: { access_token: `t${++n}`, expires_in: 100 } }));
    const source = tokenSource(await request(), { http, clock });
    expect(await Promise.all([source.get(), source.get(), source.get()])).toEqual(['t1', 't1', 't1']);
    clock.now += 79_000;
    expect(await source.get()).toBe('t1');
    clock.now += 2_000;
    expect(await source.get()).toBe('t2');
    expect(await Promise.all([source.get('t2'), source.get('t2')])).toEqual(['t3', 't3']);
    // Somebody else had the old one refused: the new one is good.
    expect(await source.get('t2')).toBe('t3');
  });
});
