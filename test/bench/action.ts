/**
 * What the credential of one action costs: the same gateway with and without it, in front of the same server, in one run; and what
 * making and verifying one costs alone. `node test/bench/action.ts [--quick]`.
 */
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/adapters/clock.ts';
import { openActions } from '../../src/credentials/action/actions.ts';
import { newPrivateJwk, onlyKey, signingKeyOf } from '../../src/identity/proof/keys.ts';
import { identityClaims } from '../../src/identity/tokens.ts';
import { argumentsDigest } from '../../src/model/action-credential.ts';
import { verifyAction } from '../../src/verify/verify.ts';
import { startLoadGenerator } from './load/generator.ts';
import type { LoadResult } from './load/job.ts';
import { median, paired, rotated, typical } from './load/rounds.ts';
import { startInterlock } from './product/interlock.ts';
import { startChild } from './targets/child.ts';
import { ARGUMENTS, TOOL } from './upstreams/messages.ts';

const TARGETS = {
  without: {},
  unbound: { actionCredential: { proof: false } },
  with_proof: { actionCredential: { proof: true } },
} as const;
type Name = keyof typeof TARGETS;
const CONCURRENCY = [1, 16] as const;
const SETTLE_MS = 100;

const { values } = parseArgs({ options: { quick: { type: 'boolean' } } });
const PLAN =
  values.quick === true ? { rounds: 1, windowMs: 400, warmupMs: 500 } : { rounds: 5, windowMs: 2_000, warmupMs: 5_000 };
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function measure(): Promise<unknown> {
  const upstream = startChild([process.execPath, new URL('upstreams/raw-http.ts', import.meta.url).pathname]);
  const url = await upstream.firstLine;
  const load = startLoadGenerator();
  const names = Object.keys(TARGETS) as Name[];
  const running = await Promise.all(
    names.map(async (name) => ({ name, gateway: await startInterlock({ url, ...TARGETS[name] }) })),
  );
  const measured = new Map<string, LoadResult[]>();
  try {
    const run = ({ gateway }: (typeof running)[number], window: { concurrency: number; durationMs: number }) =>
      load.run({
        ...{ url: gateway.url, headers: gateway.headers, pids: [gateway.child.pid], tool: TOOL.name, args: ARGUMENTS },
        warmupMs: SETTLE_MS,
        ...window,
      });
    for (const one of running) await run(one, { concurrency: 16, durationMs: PLAN.warmupMs });
    for (let round = 0; round < PLAN.rounds; round++) {
      for (const concurrency of CONCURRENCY) {
        for (const one of rotated(running, round)) {
          const result = await run(one, { concurrency, durationMs: PLAN.windowMs });
          const key = `${one.name}@${concurrency}`;
          measured.set(key, [...(measured.get(key) ?? []), result]);
          log(`round ${round + 1}/${PLAN.rounds} ${key}: ${Math.round(result.rps)} calls/s`);
        }
      }
    }
  } finally {
    load.stop();
    await Promise.allSettled([...running.map(({ gateway }) => gateway.stop()), upstream.stop()]);
  }
  return report(measured);
}

function report(measured: ReadonlyMap<string, LoadResult[]>): unknown {
  const figure = (name: Name, at: number, of: (result: LoadResult) => number | null) =>
    round3(typical(measured.get(`${name}@${at}`), of));
  const ratio = (name: Name, at: number, of: (result: LoadResult) => number) =>
    round3(paired([measured.get(`${name}@${at}`), measured.get(`without@${at}`)], (ours, base) => of(ours) / of(base)));
  const row = (name: Name, at: number) => ({
    ...{ rps: figure(name, at, (r) => r.rps), p50_ms: figure(name, at, (r) => r.p50Ms) },
    cpu_us: figure(name, at, (r) => r.cpuUsPerRequest),
    ...{ rps_ratio: ratio(name, at, (r) => r.rps), p50_ratio: ratio(name, at, (r) => r.p50Ms) },
    cpu_ratio: ratio(name, at, (r) => r.cpuUsPerRequest ?? Number.NaN),
  });
  const names = Object.keys(TARGETS) as Name[];
  return Object.fromEntries(
    CONCURRENCY.map((at) => [`at_${at}`, Object.fromEntries(names.map((name) => [name, row(name, at)]))]),
  );
}

/** In process, one after the other. */
async function alone(): Promise<unknown> {
  const privateJwk = await newPrivateJwk();
  const key = await signingKeyOf(privateJwk);
  const keys = { ...onlyKey(key), currentPrivateJwk: () => privateJwk };
  const parts = { keys, issuer: () => 'https://gate.example', replay: { claim: async () => true }, clock: systemClock };
  const settings = { audience: 'https://shop.example/mcp', ttlMs: 60_000, proof: true };
  const shop = openActions(parts).of('shop', settings, settings.audience);
  const mint = () =>
    shop.mint({
      identity: identityClaims({
        ...{ agentId: 'buyer', subject: 'alice', chain: [], audiences: [settings.audience], dpopJkt: shop.jkt },
      }),
      credential: 'id',
      details: {
        ...{ method: 'tools/call', tool: TOOL.name, argumentsDigest: argumentsDigest(ARGUMENTS as never) },
        ...{ actionDigest: argumentsDigest({}), approval: null, approvedBy: [] },
        intent: { journal: 'gate+01020304', seq: 1 },
      },
    });
  const jwks = { keys: [{ ...key.publicJwk }] } as never;
  const verify = async (minted: ReturnType<typeof mint>): Promise<void> => {
    const shown = { token: minted.headers[1], proof: minted.headers[3], tool: TOOL.name, arguments: ARGUMENTS, jwks };
    const verified = await verifyAction({ ...shown, issuer: parts.issuer(), audience: settings.audience });
    if (!verified.ok) throw new Error(`a good credential was refused: ${verified.reason}`);
  };
  const count = values.quick === true ? 200 : 2_000;
  const times = { mint: [] as number[], verify: [] as number[] };
  for (let i = 0; i < count; i++) {
    const startUs = systemClock.monotonicUs();
    const minted = mint();
    const madeUs = systemClock.monotonicUs();
    await verify(minted);
    times.mint.push(madeUs - startUs);
    times.verify.push(systemClock.monotonicUs() - madeUs);
  }
  const { headers } = mint();
  const bytes = { credential_bytes: headers[1]?.length, proof_bytes: headers[3]?.length };
  return { mint_us: round3(median(times.mint)), verify_us: round3(median(times.verify)), ...bytes };
}

function round3(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1000) / 1000;
}

const gateway = await measure();
process.stdout.write(`${JSON.stringify({ alone: await alone(), ...(gateway as object) }, null, 2)}\n`);
