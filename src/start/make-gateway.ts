import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../adapters/clock.ts';
import { realDisk } from '../adapters/disk/real.ts';
import type { Approvals } from '../approvals/approvals.ts';
import type { Journal } from '../audit/journal.ts';
import { readJournal } from '../audit/read/read-journal.ts';
import type { Gateway, Log } from '../gateway/gateway.ts';
import { Usage } from '../gateway/usage.ts';
import type { Inventory } from '../inventory/catalog.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { type Metrics, openMetrics, type Readings } from '../surfaces/ops/metrics.ts';
import { Pulse } from '../surfaces/ops/pulse.ts';
import type { Traces } from '../surfaces/ops/traces.ts';
import { recall } from './approvals/recall.ts';
import { type EntitledParts, entitled, unchanged } from './entitled.ts';
import type { Live } from './live.ts';
import { replay } from './replay.ts';

const DAY_MS = 24 * 3_600_000;

export interface MadeGateway {
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  readonly pulse: Pulse;
  readonly sessions: Awaited<ReturnType<typeof replay>>['sessions'];
  /** Filled in once the doors are open. */
  readonly readings: { current: Readings | null };
}

export interface GatewayParts {
  readonly live: Live;
  readonly journal: Journal;
  readonly inventory: Inventory;
  readonly revocation: Revocation;
  readonly approvals: Approvals;
  readonly traces: Traces;
  readonly log: Log;
  readonly isRevoked: EntitledParts['isRevoked'];
}

export async function makeGateway(parts: GatewayParts): Promise<MadeGateway> {
  const { live, inventory, log } = parts;
  const usage = new Usage();
  const { dir } = live.config.journal;
  const entries = readJournal(dir, { disk: realDisk, fromSeq: await firstSince(dir, systemClock.nowMs() - DAY_MS) });
  const replayed = await replay(entries, { usage, inventory, nowMs: systemClock.nowMs() });
  if (replayed.records > 0) log.info({ calls: replayed.records }, 'usage and session facts rebuilt from the journal');
  const reopened = await parts.approvals.recover(replayed.approvals);
  if (reopened > 0) log.warn({ approvals: reopened }, 'approvals that were used for nothing are good again');
  const readings: { current: Readings | null } = { current: null };
  const metrics = openMetrics(() => readings.current);
  const pulse = new Pulse(systemClock);
  const gateway: Gateway = {
    ...parts,
    beside: { hear: null },
    snapshot: live.snapshot,
    usage,
    rights: live.rights.rights,
    recall: (kept) => recall(live.directory, kept),
    unchanged: (caller) => unchanged(live.directory, caller),
    entitled: entitled({ directory: live.directory, isRevoked: parts.isRevoked, clock: systemClock }),
    clock: systemClock,
    keepsResults: live.config.journal.results === 'keep',
    get limits() {
      return live.limits;
    },
    meters: {
      inFlight: metrics.inFlight,
      asked: () => pulse.asked(),
      finished(call) {
        metrics.finished(call);
        pulse.finished(call);
        parts.traces.finished(call);
      },
    },
  };
  return { gateway, metrics, pulse, sessions: replayed.sessions, readings };
}

/** Where reading must begin to see everything since then: at the first segment written to. Older ones need not be read at every start. */
export async function firstSince(dir: string, since: number): Promise<number> {
  for (const name of (await readdir(dir)).sort()) {
    const first = /^(\d{16})\.jsonl$/.exec(name)?.[1];
    if (first !== undefined && (await stat(join(dir, name))).mtimeMs >= since) return Number(first);
  }
  return 0;
}
