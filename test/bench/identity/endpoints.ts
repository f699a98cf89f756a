import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SignJWT } from 'jose';
import { Pool } from 'undici';
import { systemClock } from '../../../src/adapters/clock.ts';
import { type KeyPair, keyPair } from '../../attack/token-world.ts';
import { cpuTimeUs } from '../load/cpu.ts';
import { type Child, startChild } from '../targets/child.ts';
import type { Served } from './server.ts';

export interface EndpointRates {
  /** Answers per second, 16 in flight, the median of the rounds. */
  readonly per_s: number;
  /** CPU of the server per answer: user and system, all threads. */
  readonly cpu_us: number;
}

export interface EndpointBench {
  /** Client credentials with private_key_jwt, a signed JWT as the answer. */
  readonly issuance: EndpointRates;
  /** Token exchange (RFC 8693): two signatures checked, one made, one durable record. */
  readonly exchange: EndpointRates;
  /** `oidc-provider` alone, in memory: client credentials as above. */
  readonly oidc_provider: EndpointRates;
  readonly issuance_ratio: number;
  readonly exchange_ratio: number;
}

export interface EndpointPlan {
  readonly rounds: number;
  readonly requests: number;
}

const IN_FLIGHT = 16;
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const HEADERS = { 'content-type': 'application/x-www-form-urlencoded' };

interface Target {
  readonly name: 'issuance' | 'exchange' | 'oidc_provider';
  readonly served: Served;
  readonly child: Child;
  /** The body of one request that was never sent before. */
  readonly body: () => Promise<string>;
}

/** All targets stay up; in each round every one gets its turn, with requests signed before the clock runs. */
export async function endpointBench({ rounds, requests }: EndpointPlan): Promise<EndpointBench> {
  const base = resolve(import.meta.dirname, '../../../tmp');
  mkdirSync(base, { recursive: true });
  const dir = mkdtempSync(join(base, 'interlock-bench-identity-'));
  const key = await keyPair('ES256');
  const script = join(import.meta.dirname, 'server.ts');
  const children = (['interlock', 'oidc'] as const).map((which) =>
    startChild([
      ...[process.execPath, '--disable-warning=ExperimentalWarning', script],
      ...[which, JSON.stringify(key.publicJwk), join(dir, which)],
    ]),
  ) as [Child, Child];
  try {
    const [ours, theirs] = (await Promise.all(
      children.map(async (child) => JSON.parse(await child.firstLine) as Served),
    )) as [Served, Served];
    const targets = await targetsOf({ ours, theirs, children, key });
    const rates = new Map(targets.map(({ name }) => [name, [] as EndpointRates[]]));
    for (const target of targets) await round(target, Math.min(requests, 500));
    for (let i = 0; i < rounds; i++) {
      for (const target of [...targets.slice(i % 3), ...targets.slice(0, i % 3)]) {
        rates.get(target.name)?.push(await round(target, requests));
      }
    }
    const of = (name: Target['name']): EndpointRates => middle(rates.get(name) ?? []);
    const ratio = (name: Target['name']): number =>
      median(
        (rates.get(name) ?? []).map(({ per_s }, i) => per_s / (rates.get('oidc_provider')?.[i]?.per_s ?? Number.NaN)),
      );
    return {
      ...{ issuance: of('issuance'), exchange: of('exchange'), oidc_provider: of('oidc_provider') },
      ...{ issuance_ratio: ratio('issuance'), exchange_ratio: ratio('exchange') },
    };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Setting {
  readonly ours: Served;
  readonly theirs: Served;
  readonly children: readonly [Child, Child];
  readonly key: KeyPair;
}

async function targetsOf({ ours, theirs, children, key }: Setting): Promise<readonly Target[]> {
  const asking = async ({ audience }: Served, fields: Record<string, string>): Promise<string> => {
    const nowS = Math.floor(systemClock.nowMs() / 1000);
    const claims = { iss: 'buyer', sub: 'buyer', aud: audience, jti: randomUUID(), iat: nowS, exp: nowS + 280 };
    const assertion = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: key.publicJwk.kid })
      .sign(key.privateKey);
    const form = { client_id: 'buyer', client_assertion_type: TYPE, client_assertion: assertion, ...fields };
    return new URLSearchParams(form).toString();
  };
  const credentials = (served: Served): Promise<string> =>
    asking(served, { grant_type: 'client_credentials', scope: 'crm:read', resource: served.resource });
  const first = await fetch(ours.endpoint, { method: 'POST', headers: HEADERS, body: await credentials(ours) });
  const { access_token: token } = (await first.json()) as { access_token: string };
  const exchange = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  };
  return [
    { name: 'issuance', served: ours, child: children[0], body: () => credentials(ours) },
    { name: 'exchange', served: ours, child: children[0], body: () => asking(ours, exchange) },
    { name: 'oidc_provider', served: theirs, child: children[1], body: () => credentials(theirs) },
  ];
}

/** A closed loop. One answer that is no token ends the run: a fast "no" never counts as a fast answer. */
async function round({ name, served, child, body }: Target, requests: number): Promise<EndpointRates> {
  const bodies: string[] = [];
  for (let i = 0; i < requests; i++) bodies.push(await body());
  const { origin, pathname: path } = new URL(served.endpoint);
  const pool = new Pool(origin, { connections: IN_FLIGHT });
  const cpuUs = cpuTimeUs([child.pid]);
  const beganUs = systemClock.monotonicUs();
  const lane = async (): Promise<void> => {
    for (let next = bodies.pop(); next !== undefined; next = bodies.pop()) {
      const answer = await pool.request({ path, method: 'POST', headers: HEADERS, body: next });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${name} answered ${answer.statusCode}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  const seconds = (systemClock.monotonicUs() - beganUs) / 1e6;
  const spentUs = cpuTimeUs([child.pid]) - cpuUs;
  await pool.close();
  return { per_s: requests / seconds, cpu_us: spentUs / requests };
}

function middle(rates: readonly EndpointRates[]): EndpointRates {
  return { per_s: median(rates.map(({ per_s }) => per_s)), cpu_us: median(rates.map(({ cpu_us }) => cpu_us)) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
