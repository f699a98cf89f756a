import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../../../gateway/gateway.ts';
import type { Drill } from '../../../../model/insight/overview.ts';
import type { JsonObject } from '../../../../model/json.ts';
import { type CallKeys, formatTarget, type LockTarget } from '../../../../model/lock.ts';
import type { SecretStore } from '../../../../ports/identity-stores.ts';
import { Problem } from '../../../../surfaces/admin/problem.ts';

interface DrillOrder {
  readonly by: string;
  readonly reason: string;
}

/** Runs of the kill switch against a session nobody has, and what they measured. */
export interface Drills {
  run(order: DrillOrder): Promise<Drill>;
  /** Newest first. */
  list(): Promise<readonly Drill[]>;
}

/** Where the store keeps them, for every gateway on it. Nothing in it is secret. */
const PLACE = { kind: 'kill-drill', id: 'results', owner: 'interlock' } as const;
const KEPT = 50;
const MAX_ATTEMPTS = 5;
/** Should this process end in between, the lock ends by itself. */
const LASTS_MS = 60_000;

export function openDrills({ gateway, store }: { gateway: Gateway; store: SecretStore }): Drills {
  let running = false;
  const list = async (): Promise<readonly Drill[]> =>
    ((await store.get(PLACE.kind, PLACE.id))?.body.drills ?? []) as unknown as readonly Drill[];
  return {
    list,
    async run(order) {
      if (running) throw new Problem(409, 'drill-running', 'a drill is running: wait for its result');
      running = true;
      try {
        const target = { kind: 'session', id: `drill-${randomBytes(9).toString('base64url')}` } as const;
        const drill = await measure(gateway, target, order);
        const { refusedMs, releasedMs, ok, message } = drill;
        const detail = { target: formatTarget(target), refusedMs, releasedMs, ok, message };
        await gateway.journal.append({ type: 'admin', act: 'lock.drill', ...order, detail });
        await keep(store, drill, gateway.clock.nowMs());
        return drill;
      } finally {
        running = false;
      }
    },
  };
}

/** The very order an operator gives, timed until this process obeys it and until it lets go again. */
async function measure(gateway: Gateway, target: LockTarget, { by, reason }: DrillOrder): Promise<Drill> {
  const { revocation, clock } = gateway;
  const result = { atMs: clock.nowMs(), by, refusedMs: 0, releasedMs: 0 };
  const before = refusal(gateway, target);
  if (before !== null) return { ...result, ok: false, message: `Nothing could be measured: ${before}.` };
  const sinceMs = (fromUs: number): number => Math.round((clock.monotonicUs() - fromUs) / 10) / 100;
  try {
    const orderedUs = clock.monotonicUs();
    const untilMs = clock.nowMs() + LASTS_MS;
    await revocation.apply({ target, tier: 'halt', reason, by, untilMs });
    const refused = refusal(gateway, target);
    result.refusedMs = sinceMs(orderedUs);
    const releasedUs = clock.monotonicUs();
    await revocation.release(target);
    const after = refusal(gateway, target);
    result.releasedMs = sinceMs(releasedUs);
    return { ...result, ...verdict(refused, after) };
  } catch (error) {
    await revocation.release(target).catch(() => false);
    const why = error instanceof Error ? error.message : String(error);
    return { ...result, ok: false, message: `The order could not be carried out: ${why}.` };
  }
}

function verdict(refused: string | null, after: string | null): Pick<Drill, 'ok' | 'message'> {
  if (refused === null) return { ok: false, message: 'The halt was ordered, and a call would still have passed.' };
  if (after !== null) return { ok: false, message: `The lock was released, and calls are still refused: ${after}.` };
  return {
    ok: true,
    message: 'A call was refused as soon as the order was given, and passed again after the release.',
  };
}

/** Why a call of that session would not begin now. `null`: it would. */
function refusal({ revocation }: Gateway, { id }: LockTarget): string | null {
  const nobody = { agent: '', owner: '', user: null, through: [], tasks: [], server: '', tool: null };
  const entry = revocation.enter({ ...nobody, session: id } satisfies CallKeys);
  if (!entry.ok)
    return entry.lock === null
      ? 'the kill switch cannot read its store'
      : `${formatTarget(entry.lock.target)} is locked`;
  entry.leave();
  return null;
}

/** Compare-and-set: a drill at another gateway is not lost. */
async function keep(store: SecretStore, drill: Drill, atMs: number): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const kept = await store.get(PLACE.kind, PLACE.id);
    const drills = [drill, ...((kept?.body.drills ?? []) as unknown as Drill[])].slice(0, KEPT);
    const body = { drills } as unknown as JsonObject;
    const row = { ...PLACE, version: (kept?.version ?? 0) + 1, body, expiresAtMs: null, atMs };
    if (await store.put(row, kept?.version ?? null)) return;
  }
}
