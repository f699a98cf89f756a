import { systemClock } from '../adapters/clock.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { SessionState } from '../gateway/session-facts.ts';
import { formatTarget, type Lock } from '../model/lock.ts';
import type { Stores } from '../ports/stores.ts';
import { sessionHit, withdrawHalted } from './approvals/halt.ts';
import type { Questions } from './approvals/open.ts';
import { scan } from './definitions/scan.ts';
import type { Doors } from './doors/doors.ts';
import type { Live } from './live.ts';
import type { Humans } from './people/humans.ts';

const SWEEP_MS = 30_000;
const SCAN_MS = 60_000;
/** Longer than any request lives. */
const NOTICES_KEPT_MS = 90 * 86_400_000;

export interface Watched {
  readonly gateway: Gateway;
  readonly live: Live;
  readonly doors: Doors;
  readonly stores: Stores;
  /** Called whenever something was revoked. */
  readonly onRevoked: (listener: () => void) => () => void;
  readonly humans: Humans;
  readonly questions: Questions;
}

/** What happens without anybody asking: sessions end after a halt or when idle, tool definitions are looked at again. */
export function watchOver(parts: Watched): { close(): void } {
  const { gateway, live, doors } = parts;
  const stopHalts = gateway.revocation.onHalt((lock) => {
    withdrawHalted(parts.questions.approvals, lock).catch((error: unknown) =>
      gateway.log.error({ err: error }, 'questions of a halted agent were not taken back; they cannot be approved'),
    );
    archive(parts, lock).catch((error: unknown) => gateway.log.error({ err: error }, 'halted sessions did not end'));
  });
  const sweep = setInterval(() => {
    doors.mcp.sweep();
    // What ends by time, nobody announces.
    endLapsed();
    // What other gateways on the same store have seen and accepted.
    gateway.inventory
      .refresh()
      .catch((error: unknown) => gateway.log.warn({ err: error }, 'the pins could not be read again'));
    void forget(parts);
    void parts.humans.sweep();
    doors.agents
      .sweep()
      .catch((error: unknown) =>
        gateway.log.warn({ err: error }, 'ends of agents were not recorded; they are refused'),
      );
  }, SWEEP_MS);
  // By entry: a server that answers slowly is not asked once more each minute, one that was configured anew is.
  const scanning = new Set<unknown>();
  const scanAll = () => {
    for (const server of live.snapshot().servers.values()) {
      const { upstream } = server;
      if (scanning.has(upstream)) continue;
      scanning.add(upstream);
      const { journal, inventory } = gateway;
      scan(server, { journal, inventory, policyVersion: () => live.snapshot().policies.version })
        .catch((error: unknown) => {
          gateway.log.warn({ server: server.id, err: error }, 'the server could not be looked at');
        })
        .finally(() => scanning.delete(upstream));
    }
  };
  const rescan = setInterval(scanAll, SCAN_MS);
  live.onChange(scanAll);
  const endLapsed = (): void => {
    // Who may no longer act is refused on the path, and hears nothing more through a door that is open already.
    doors.mcp
      .end((_state, caller) => gateway.entitled(caller) !== null, 'the authority it rested on has ended')
      .catch((error: unknown) => gateway.log.error({ err: error }, 'sessions whose authority ended were not closed'));
  };
  const stops = [live.directory.onChange(endLapsed), parts.onRevoked(endLapsed)];
  scanAll();
  void parts.humans.sweep();
  return {
    close() {
      stopHalts();
      for (const stop of stops) stop();
      clearInterval(sweep);
      clearInterval(rescan);
    },
  };
}

/** What has expired leaves the store. One after the other: nobody waits for it, and SQLite works on this very thread. */
async function forget({ stores, gateway, questions }: Watched): Promise<void> {
  const { approvals, standing } = questions;
  const expiring = {
    approvals: { prune: () => approvals.forget() },
    messages: { prune: (nowMs: number) => stores.notices.prune(nowMs - NOTICES_KEPT_MS) },
    'standing approvals': { prune: () => standing.sweep() },
    'assertion ids': stores.replay,
    authorizations: stores.oauth,
    revocations: stores.revoked,
    secrets: stores.secrets,
    'removed relations': stores.relations,
  };
  for (const [what, store] of Object.entries(expiring)) {
    try {
      await store.prune(systemClock.nowMs());
    } catch (error) {
      gateway.log.warn({ err: error }, `old ${what} were not removed`);
    }
  }
}

/** A halted session is over: its connections close, and the record says what it had done. */
async function archive({ gateway, doors }: Watched, lock: Lock): Promise<void> {
  const hit = sessionHit(lock.target);
  if (hit === null) return;
  const ended: SessionState[] = [];
  await doors.mcp.end((state, caller) => {
    const over = hit(state, caller);
    if (over) ended.push(state);
    return over;
  }, 'halted by an operator');
  for (const state of ended) {
    const { calls, denied, asked, reads, writes, destructive, external, readUntrusted } = state;
    const detail = {
      session: state.id,
      lock: formatTarget(lock.target),
      calls,
      denied,
      asked,
      reads,
      writes,
      destructive,
      external,
      readUntrusted,
    };
    await gateway.journal
      .append({ type: 'admin', act: 'session.archive', by: lock.by, reason: lock.reason, detail })
      .catch((error: unknown) => gateway.log.error({ err: error }, 'an archived session could not be recorded'));
  }
}
