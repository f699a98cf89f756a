import type { JsonObject } from '../../../model/json.ts';
import type { EntityChange, EntityRow } from '../../../ports/identity-stores.ts';
import { RegistryRefused } from '../refused.ts';
import type { Registry } from '../registry.ts';
import { claimsOf, orderedBy } from '../world.ts';
import { type Who, write } from '../writing.ts';
import { type Planned, Planner } from './plan.ts';
import { readRows } from './read.ts';

export interface ImportOrder extends Who {
  readonly format: 'csv' | 'json';
  readonly text: string;
  /** Nothing is written. */
  readonly dryRun: boolean;
  /** What is right is taken over although other lines are refused. Otherwise it is all or nothing. */
  readonly partial: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly total: number;
  readonly checked: number;
  readonly written: number;
}

export interface Imported {
  /** Whether anything was written. */
  readonly done: boolean;
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  /** Every line that is not the same, without the agent itself. */
  readonly lines: readonly Omit<Planned, 'agent'>[];
}

/** Keys count too: a transaction takes 5,000 of them, an agent has at most 40. */
const BATCH = 120;

/**
 * Agents of a file (requirements ID5). Every line is checked before the first is written. Up to one batch is one transaction; a longer
 * file is taken back, newest first, when somebody else's change makes one of its batches fail. The same file again changes nothing.
 */
export async function importAgents(registry: Registry, order: ImportOrder): Promise<Imported> {
  const { directory } = registry.world;
  const who = { by: orderedBy(directory, order.by), reason: order.reason };
  const rows = await readRows(order.format, order.text);
  const planner = new Planner(registry.world, { by: who.by, nowMs: registry.parts.clock.nowMs() });
  const plan: Planned[] = [];
  for (const row of rows) {
    plan.push(planner.plan(row));
    if (plan.length % 250 !== 0) continue;
    order.onProgress?.({ total: rows.length, checked: plan.length, written: 0 });
    await new Promise((done) => setImmediate(done));
  }
  const refused = plan.some(({ what }) => what === 'refuse');
  if (order.dryRun || (refused && !order.partial)) return summary(plan, false);
  const todo = plan.filter(({ what }) => what === 'make' || what === 'change');
  const late = await writeAll(registry, todo, { ...order, ...who, total: rows.length });
  return summary(
    plan.map((line) => late.get(line.id) ?? line),
    true,
  );
}

/** Lines that somebody else's change refused meanwhile (`partial`); without it everything is taken back and the refusal thrown. */
async function writeAll(
  registry: Registry,
  todo: readonly Planned[],
  order: ImportOrder & { readonly total: number },
): Promise<ReadonlyMap<string, Planned>> {
  const late = new Map<string, Planned>();
  const written: { readonly rows: readonly EntityRow[]; readonly before: readonly EntityChange[] }[] = [];
  for (let from = 0; from < todo.length; from += BATCH) {
    const batch = todo.slice(from, from + BATCH);
    try {
      written.push(await writeBatch(registry, batch, order));
    } catch (error) {
      if (!(error instanceof RegistryRefused)) throw error;
      if (!order.partial) {
        await takeBack(registry, written, order);
        throw error;
      }
      for (const one of batch) {
        await writeBatch(registry, [one], order).catch((why: unknown) => {
          if (!(why instanceof RegistryRefused)) throw why;
          late.set(one.id, { ...one, what: 'refuse', reasons: [why.message], agent: null });
        });
      }
    }
    order.onProgress?.({ total: order.total, checked: order.total, written: Math.min(from + BATCH, todo.length) });
  }
  return late;
}

async function writeBatch(
  registry: Registry,
  batch: readonly Planned[],
  who: Who,
): Promise<{ readonly rows: readonly EntityRow[]; readonly before: readonly EntityChange[] }> {
  const { directory } = registry.world;
  const before: EntityChange[] = [];
  const changes = batch.map(({ id, agent }): EntityChange => {
    if (agent === null) throw new RegistryRefused('invalid', `${id} is refused`);
    const stored = directory.storedOne('agent', id);
    const held = directory.agent(id);
    const unique = held === undefined ? {} : { unique: claimsOf(held) };
    before.push({ kind: 'agent', id, expected: null, body: stored?.body ?? null, ...unique });
    const body = { ...stored?.body, ...agent } as unknown as JsonObject;
    return { kind: 'agent', id, expected: stored?.version ?? null, body, unique: claimsOf(agent) };
  });
  const detail = { agents: batch.map(({ id, what }) => `${what} ${id}`) };
  const { by, reason } = who;
  await write(registry.parts, { act: 'agent.import', who: { by, reason }, changes, detail });
  const rows = changes.map(({ id, expected, body }) => {
    const version = directory.storedOne('agent', id)?.version ?? (expected ?? 0) + 1;
    return { kind: 'agent' as const, id, version, seq: 0, body, atMs: 0 };
  });
  return { rows, before };
}

/** What somebody has changed since stays as it is: the record says which. */
async function takeBack(
  registry: Registry,
  written: readonly { readonly rows: readonly EntityRow[]; readonly before: readonly EntityChange[] }[],
  { by, reason }: Who,
): Promise<void> {
  const kept: string[] = [];
  const { store, directory, clock, record } = registry.parts;
  for (const { rows, before } of written.toReversed()) {
    for (const [i, change] of before.entries()) {
      const expected = rows[i]?.version ?? null;
      const act = { by, reason, act: 'agent.import.undo', atMs: clock.nowMs() };
      const done = await store.apply([{ ...change, expected }], act);
      if (!done.ok) kept.push(change.id);
    }
  }
  await directory.refresh();
  await record({ act: 'agent.import.undo', by, reason, detail: { kept } });
}

function summary(plan: readonly Planned[], done: boolean): Imported {
  const count = (what: Planned['what']): number => plan.filter((line) => line.what === what).length;
  const lines = plan.filter(({ what }) => what !== 'same').map(({ agent: _agent, ...line }) => line);
  return { done, made: count('make'), changed: count('change'), same: count('same'), refused: count('refuse'), lines };
}
