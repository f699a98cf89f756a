import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Journal } from '../../../../audit/journal.ts';
import type { Gateway, Log } from '../../../../gateway/gateway.ts';
import type { Agent } from '../../../../model/agent.ts';
import type { PolicyFile, PolicyReplay } from '../../../../model/insight/policies.ts';
import type { Person } from '../../../../model/person.ts';
import { entityLiterals } from '../../../../policy/text/literals.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { Problem } from '../../../../surfaces/admin/problem.ts';
import type { ReplayOperations } from '../../../../surfaces/admin/routes/policies/operations.ts';
import type { Live } from '../../../live.ts';
import { firstSince } from '../../../make-gateway.ts';
import { compileFiles } from '../trying.ts';
import { type FromThread, MAX_CHANGES, type People, type Progress, type ReplayOrder, type Who } from './messages.ts';

const DAY_MS = 86_400_000;
const KEPT_MS = 3_600_000;
const MAX_KEPT = 50;
const MAX_RUNNING = 2;
const DEFAULT_CALLS = 1_000_000;
/** From the sources the thread is TypeScript, from a build it is not. */
const THREAD = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export interface ReplayParts {
  readonly live: Live;
  readonly gateway: Pick<Gateway, 'snapshot'>;
  readonly journal: Pick<Journal, 'append' | 'health'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Running {
  replay: PolicyReplay;
  readonly endedAtMs: { at: number | null };
  worker: Worker | null;
}

type Started = Parameters<ReplayOperations['start']>[0];

/** Replays of drafts, each in a thread of its own; kept in memory for an hour. Throws Problems. */
export class Replays implements ReplayOperations {
  readonly #parts: ReplayParts;
  readonly #kept = new Map<string, Running>();
  /** Admitted and not started yet. */
  #starting = 0;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  async start(asked: Started): Promise<PolicyReplay> {
    this.#forget();
    const running = [...this.#kept.values()].filter(({ worker }) => worker !== null).length;
    if (running + this.#starting >= MAX_RUNNING)
      throw new Problem(429, 'busy', `${MAX_RUNNING} replays run already: wait for one, or cancel it`);
    this.#starting++;
    try {
      return await this.#begin(asked);
    } finally {
      this.#starting--;
    }
  }

  get(id: string): PolicyReplay | null {
    this.#forget();
    return this.#kept.get(id)?.replay ?? null;
  }

  cancel(id: string): boolean {
    const running = this.#kept.get(id);
    if (running === undefined) return false;
    void running.worker?.terminate();
    this.#end(running, 'cancelled', null);
    return true;
  }

  async #begin({ files, days, maxCalls = DEFAULT_CALLS, by }: Started): Promise<PolicyReplay> {
    const { live, journal, clock } = this.#parts;
    const { version } = await compileFiles({ live }, files);
    const startedAtMs = clock.nowMs();
    const fromMs = startedAtMs - days * DAY_MS;
    const detail = { policyVersion: version, days };
    await journal.append({ type: 'admin', act: 'policy.replay', by, reason: 'a draft was replayed', detail });
    const order = await this.#order(files, { fromMs, maxCalls });
    const replay: PolicyReplay = {
      ...{ id: `r-${randomBytes(8).toString('hex')}`, state: 'running', startedAtMs, fromMs, version },
      ...{ checked: 0, of: order.toSeq - order.fromSeq, calls: 0, changed: 0, drifted: 0 },
      ...{ byChange: {}, undecidable: {}, changes: [], message: null },
    };
    const worker = new Worker(THREAD, {
      workerData: order,
      name: 'interlock-replay',
      resourceLimits: { maxOldGenerationSizeMb: 1_024 },
    });
    worker.unref();
    const running: Running = { replay, endedAtMs: { at: null }, worker };
    this.#kept.set(replay.id, running);
    worker.on('message', (message: FromThread) => this.#hear(running, message));
    worker.on('error', (error) => this.#end(running, 'failed', error.message));
    worker.on('exit', () => this.#end(running, 'failed', 'the thread ended'));
    return replay;
  }

  async #order(
    draft: readonly PolicyFile[],
    { fromMs, maxCalls }: { readonly fromMs: number; readonly maxCalls: number },
  ): Promise<ReplayOrder> {
    const { live, journal, gateway } = this.#parts;
    const present = live.policies.files;
    const { agents, people, servers, tools, approvers } = live.world();
    const { dir } = live.config.journal;
    const groups = (of: readonly { readonly groups: readonly string[] }[]): readonly string[] => [
      ...new Set(of.flatMap((one) => one.groups)),
    ];
    const facts = [...gateway.snapshot().servers.values()].map(
      (server) => [server.id, [...server.facts].map(([tool, mapping]) => [tool, { ...mapping }] as const)] as const,
    );
    return {
      ...{ dir, present, draft, fromMs, maxCalls },
      // Records of the day before say what had been used.
      fromSeq: await firstSince(dir, fromMs - DAY_MS),
      toSeq: journal.health().size,
      world: { servers, tools, approvers },
      names: {
        ...{ agents: agents.map(({ id }) => id), agentGroups: groups(agents) },
        ...{ people: people.map(({ id }) => id), groups: groups(people) },
      },
      named: this.#who(namedIn([...present, ...draft])),
      facts,
    };
  }

  /** With their owners. */
  #who({ agents: ids, people: persons }: Who): People {
    const { directory } = this.#parts.live;
    const agents = ids.flatMap((id) => directory.agent(id) ?? []);
    const wanted = new Set([...persons, ...agents.map(({ owner }) => owner)]);
    const people = [...wanted].flatMap((id) => directory.person(id) ?? []);
    return { agents: agents.map(seenByPolicies), people: people.map(withoutRest) };
  }

  #hear(running: Running, message: FromThread): void {
    if (running.worker === null) return;
    if (message.kind === 'who') running.worker.postMessage(this.#who(message.who));
    else if (message.kind === 'failed') this.#end(running, 'failed', message.message);
    else {
      running.replay = grown(running.replay, message.progress);
      if (message.kind === 'done') this.#end(running, 'done', message.message);
    }
  }

  #end(running: Running, state: PolicyReplay['state'], message: string | null): void {
    if (running.worker === null) return;
    running.worker = null;
    running.endedAtMs.at = this.#parts.clock.nowMs();
    running.replay = { ...running.replay, state, message };
    if (state === 'failed') this.#parts.log.warn({ replay: running.replay.id }, `a replay failed: ${message}`);
  }

  #forget(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const [id, { worker, endedAtMs }] of this.#kept)
      if (worker === null && nowMs - (endedAtMs.at ?? nowMs) > KEPT_MS) this.#kept.delete(id);
    for (const [id, { worker }] of this.#kept)
      if (worker === null && this.#kept.size >= MAX_KEPT) this.#kept.delete(id);
  }
}

function grown(replay: PolicyReplay, { changes, ...counts }: Progress): PolicyReplay {
  return { ...replay, ...counts, changes: [...replay.changes, ...changes].slice(0, MAX_CHANGES) };
}

function namedIn(files: readonly PolicyFile[]): Who {
  const literals = files.flatMap(({ text }) => entityLiterals(text));
  const ids = (type: string): readonly string[] => [
    ...new Set(literals.filter((literal) => literal.type === type).map(({ id }) => id)),
  ];
  return { agents: ids('Agent'), people: ids('Person') };
}

/** What policies read of an agent; its keys stay here. */
function seenByPolicies(agent: Agent): Agent {
  return { ...agent, keys: [], workloads: [], clients: [], redirectUris: [] };
}

function withoutRest(person: Person): Person {
  return { ...person, attributes: {} };
}
