import type { Json, JsonObject } from '../../../model/json.ts';
import type { Directory } from '../../directory.ts';
import { transition } from '../lifecycle.ts';
import { RegistryRefused } from '../refused.ts';
import { orderedBy } from '../world.ts';
import { patchChange, readKnown, type Who, type WriteParts, write } from '../writing.ts';

/** One kind of thing an agent can hold: tokens and grants, connections, tasks, locks, credentials, sessions, approvals, … */
export interface Holding {
  readonly name: string;
  /** What there is now, as short texts. */
  list(agentId: string): Promise<readonly string[]>;
  /** Ends all of it. Can be repeated. */
  end(agentId: string): Promise<void>;
}

/** That nothing is left: what there was, that the second look found nothing, and where the journal says so. */
export interface Proof {
  readonly agent: string;
  readonly by: string;
  readonly reason: string;
  readonly atMs: number;
  readonly held: Readonly<Record<string, readonly string[]>>;
  readonly left: Readonly<Record<string, readonly string[]>>;
  /** Position of the record in the journal. */
  readonly seq: number;
}

export interface DecommissionOptions extends WriteParts {
  readonly holdings: readonly Holding[];
}

const LOOKS = 3;
const LISTED = 1_000;

/**
 * The end of an agent (requirements ID5). It is refused from the first moment; then everything it holds is ended, looked for again and
 * proved empty. A crash in between leaves a decommissioned agent without a proof: `sweep`, or the same order again, finishes it.
 */
export class Decommission {
  readonly #options: DecommissionOptions;

  constructor(options: DecommissionOptions) {
    this.#options = options;
  }

  /** What it holds now. */
  async holdings(id: string): Promise<Readonly<Record<string, readonly string[]>>> {
    const { agent } = await readKnown(this.#options, id);
    const held: Record<string, readonly string[]> = {
      keys: agent.keys.map(({ kid }) => kid),
      clients: agent.clients,
      workloads: agent.workloads.map(({ issuer, subject }) => `${issuer} ${subject}`),
    };
    return { ...held, ...(await this.#list(id)) };
  }

  async decommission(id: string, order: Who): Promise<Proof> {
    const who = { by: orderedBy(this.#options.directory, order.by), reason: order.reason };
    const held = await this.holdings(id);
    const known = await readKnown(this.#options, id);
    const proof = known.body.ended;
    if (proof !== undefined && proof !== null) return proof as unknown as Proof;
    if (known.agent.state !== 'decommissioned') {
      const state = transition(known.agent, 'decommission');
      const changes = [patchChange(known, { state })];
      await write(this.#options, { act: 'agent.decommission', who, changes, detail: { agent: id, held }, stops: true });
    }
    return this.#finish(id, who, held);
  }

  /** Finishes what a crash interrupted. How many. */
  async sweep(): Promise<number> {
    let finished = 0;
    for (const { id, body } of [...this.#options.directory.stored('agent')]) {
      if (body.state !== 'decommissioned' || (body.ended !== undefined && body.ended !== null)) continue;
      if (this.#options.directory.agent(id) === undefined) continue;
      await this.#finish(id, { by: 'interlock', reason: 'finishing an interrupted decommissioning' }, null);
      finished++;
    }
    return finished;
  }

  async #finish(id: string, who: Who, before: Readonly<Record<string, readonly string[]>> | null): Promise<Proof> {
    const held = before ?? (await this.holdings(id));
    let left = await this.#list(id);
    for (let look = 0; look < LOOKS; look++) {
      for (const holding of this.#options.holdings) await holding.end(id);
      left = await this.#list(id);
      if (Object.keys(left).length === 0) break;
    }
    if (Object.keys(left).length > 0) {
      const what = Object.entries(left).map(([name, all]) => `${name}: ${all.slice(0, 5).join(', ')}`);
      throw new RegistryRefused('left', `${id} is stopped, but something is left (${what.join('; ')}): try again`);
    }
    const { directory, clock, record } = this.#options;
    const atMs = clock.nowMs();
    const proven = { agent: id, ...who, atMs, held, left };
    const { seq } = await record({ act: 'agent.decommission.proof', ...who, detail: proven as unknown as Json });
    const proof: Proof = { ...proven, seq };
    const known = await readKnown(this.#options, id);
    // It keeps its keys and names for the history, but nothing is found by them: a key can go to nobody else.
    const patch = patchChange(known, { ended: proof as unknown as JsonObject });
    const done = await this.#options.store.apply([patch], { act: 'agent.decommission.proof', ...who, atMs });
    await (directory as Directory).refresh();
    if (done.ok) return proof;
    // Another process finished it at the same time: the proof that is kept is the one that counts.
    const kept = (await readKnown(this.#options, id)).body.ended;
    return kept === undefined || kept === null ? proof : (kept as unknown as Proof);
  }

  async #list(id: string): Promise<Record<string, readonly string[]>> {
    const left: Record<string, readonly string[]> = {};
    for (const { name, list } of this.#options.holdings) {
      const all = await list(id);
      if (all.length > 0) left[name] = all.slice(0, LISTED);
    }
    return left;
  }
}
