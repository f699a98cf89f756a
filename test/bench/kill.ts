/**
 * How fast a kill is: from the order in one process to the moment another process on the same store has aborted the call in
 * flight (and refuses the next), and what the check costs each call. Alone: `node test/bench/kill.ts [--json] [--quick]`.
 *
 * Both processes are real and hold the store open as a gateway does. Commits wait for the disk, in PostgreSQL too. Times are of
 * CLOCK_MONOTONIC, which all processes of a machine share.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../src/adapters/clock.ts';
import type { CallKeys } from '../../src/model/lock.ts';
import { openRevocation, type Revocation } from '../../src/revocation/revocation.ts';
import { startPostgres } from '../contract/postgres.ts';
import { type Location, open, type Peer, startPeer } from '../contract/stores-fixture.ts';
import { memoryLocks } from '../contract/stores-memory.ts';

interface Latency {
  /** From the order to the abort in the other process: the commit is part of it. */
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** From the order to its acknowledgement: durable, and enforced by the process that gave it. */
  readonly ack_p50_ms: number;
  readonly kills: number;
}

export interface KillBench {
  /** PostgreSQL: the store several gateways share. */
  readonly cross_process_p50_ms: number;
  readonly cross_process_p99_ms: number;
  /** The same as `cross_process_p99_ms`. */
  readonly p99_ms: number;
  readonly postgres: Latency;
  readonly sqlite: Latency;
  /** Nanoseconds for one `enter` and its `leave`, with 1,000 locks in the view; `refused_ns`: `enter` that finds a halt. */
  readonly enter_ns: number;
  readonly refused_ns: number;
}

export interface KillPlan {
  readonly postgresKills: number;
  readonly sqliteKills: number;
  readonly batches: number;
}

export const FULL: KillPlan = { postgresKills: 300, sqliteKills: 150, batches: 200 };
export const QUICK: KillPlan = { postgresKills: 40, sqliteKills: 20, batches: 30 };

const WARM_UP = 10;
/** Longer than the SQLite store's poll, so that kills fall on every moment of it. */
const PAUSE_MS = 25;

export async function killBench(plan: KillPlan): Promise<KillBench> {
  const cost = await enterCost(plan.batches);
  const postgres = await overPostgres(plan.postgresKills);
  const sqlite = await overSqlite(plan.sqliteKills);
  const { p50_ms, p99_ms } = postgres;
  return { cross_process_p50_ms: p50_ms, cross_process_p99_ms: p99_ms, p99_ms, postgres, sqlite, ...cost };
}

async function overPostgres(kills: number): Promise<Latency> {
  const server = await startPostgres({ durable: true });
  try {
    return await crossProcess({ kind: 'postgres', at: server.url }, kills);
  } finally {
    await server.stop();
  }
}

async function overSqlite(kills: number): Promise<Latency> {
  const folder = mkdtempSync(join(tmpdir(), 'interlock-kill-'));
  try {
    return await crossProcess({ kind: 'sqlite', at: join(folder, 'store.db') }, kills);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function crossProcess(location: Location, kills: number): Promise<Latency> {
  const stores = await open(location);
  const revocation = await openRevocation({ locks: stores.locks, clock: systemClock });
  const peer = await startPeer(location);
  try {
    const seenMs: number[] = [];
    const ackMs: number[] = [];
    for (let i = 0; i < kills + WARM_UP; i++) {
      const one = await killOnce(revocation, peer, `agent-${i}`);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS));
      if (i < WARM_UP) continue;
      seenMs.push(one.seenMs);
      ackMs.push(one.ackMs);
    }
    return { p50_ms: percentile(seenMs, 50), p99_ms: percentile(seenMs, 99), ack_p50_ms: percentile(ackMs, 50), kills };
  } finally {
    await peer.stop();
    revocation.close();
    await stores.close();
  }
}

async function killOnce(revocation: Revocation, peer: Peer, agent: string): Promise<{ seenMs: number; ackMs: number }> {
  const keys: CallKeys = {
    agent,
    owner: 'owner',
    user: null,
    through: [],
    session: agent,
    tasks: [],
    server: 'crm',
    tool: 'crm/pay',
  };
  const target = { kind: 'agent', id: agent } as const;
  const entry = await peer.ask<{ ok: boolean }>('enter', agent, keys);
  if (!entry.ok) throw new Error('the other process refused a call that nobody stopped');
  const aborted = peer.ask<{ atNs: string }>('aborted', agent);
  // Answered after the question before it was taken up: the other process listens now.
  await peer.ask('ready');
  const pulledNs = process.hrtime.bigint();
  await revocation.apply({ target, tier: 'halt', reason: 'bench', by: 'bench', untilMs: null });
  const ackMs = Number(process.hrtime.bigint() - pulledNs) / 1e6;
  const seenMs = Number(BigInt((await aborted).atNs) - pulledNs) / 1e6;
  const next = await peer.ask<{ ok: boolean }>('enter', `${agent}-next`, keys);
  if (next.ok) throw new Error('the other process let a killed agent in');
  await peer.ask('leave', agent);
  await revocation.release(target);
  return { seenMs, ackMs };
}

const LOCKS = 1_000;
const BATCH = 2_000;

async function enterCost(batches: number): Promise<{ enter_ns: number; refused_ns: number }> {
  const locks = memoryLocks();
  for (let i = 0; i < LOCKS; i++) {
    const kind = (['agent', 'session', 'tool'] as const)[i % 3] as 'agent';
    const id = kind === ('tool' as string) ? `srv/stopped-${i}` : `stopped-${i}`;
    await locks.put({ target: { kind, id }, tier: 'halt', reason: 'bench', by: 'bench', atMs: 1, untilMs: null });
  }
  const revocation = await openRevocation({ locks, clock: systemClock });
  const free: CallKeys[] = Array.from({ length: 512 }, (_, i) => ({
    agent: `agent-${i % 50}`,
    owner: `owner-${i % 10}`,
    user: null,
    through: [],
    session: `session-${i}`,
    tasks: [],
    server: 'crm',
    tool: `crm/tool-${i % 20}`,
  }));
  const stopped = free.map((keys, i): CallKeys => ({ ...keys, agent: `stopped-${(i % 300) * 3}` }));
  try {
    return {
      enter_ns: await perCall(revocation, free, batches),
      refused_ns: await perCall(revocation, stopped, batches),
    };
  } finally {
    revocation.close();
  }
}

/** The median over batches, so that a pause of the machine counts once. */
async function perCall(revocation: Revocation, keys: readonly CallKeys[], batches: number): Promise<number> {
  const ns: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < BATCH; i++) {
      const entry = revocation.enter(keys[i % keys.length] as CallKeys);
      if (entry.ok) entry.leave();
      else if (entry.code === 'stale-view') throw new Error('the view went stale while measuring');
    }
    ns.push(Number(process.hrtime.bigint() - began) / BATCH);
    // Heartbeats need their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Math.round(percentile(ns, 50));
}

function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil((rank / 100) * sorted.length) - 1)] as number;
  return Math.round(value * 1000) / 1000;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } });
  const bench = await killBench(values.quick === true ? QUICK : FULL);
  if (values.json === true) process.stdout.write(`${JSON.stringify(bench)}\n`);
  else console.table({ postgres: bench.postgres, sqlite: bench.sqlite });
  if (values.json !== true) console.log(`enter and leave ${bench.enter_ns} ns, enter refused ${bench.refused_ns} ns`);
}
