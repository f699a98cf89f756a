import type { Clock } from '../../ports/clock.ts';
import type { RelationStore, RelationTuple } from '../../ports/identity-stores.ts';
import type { RelationQuestion, Relations } from '../../ports/rights.ts';
import type { RelationModel } from '../language/model.ts';
import { parseSubject } from '../language/tuple.ts';
import { type Asked, type Bounds, Evaluator } from './evaluate.ts';
import { type Follower, followRelations } from './follow.ts';
import { makePlan } from './plan.ts';
import { FROM_FILE, FROM_STORE, Tuples } from './tuples.ts';

interface MemoryOptions {
  readonly store: RelationStore;
  readonly clock: Clock;
  readonly log?: { error(fields: object, message: string): void };
  /** How often the store is asked without a doorbell. Default 1000. */
  readonly pollMs?: number;
  /** Tuples not verified against the store for longer answer nothing. Default 10000. */
  readonly maxStaleMs?: number;
  readonly bounds?: Bounds;
}

interface ListedTuple extends RelationTuple {
  /** `file`: from the tuples file of the configuration, `store`: written, `both`. */
  readonly origin: 'file' | 'store' | 'both';
}

interface TupleFilter {
  readonly object?: string;
  readonly relation?: string;
  readonly subject?: string;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: number;
}

interface RelationStatus {
  readonly tuples: number;
  readonly bytes: number;
  readonly stale: boolean;
}

/** Deep enough for any folder tree people keep, small enough that a question never takes longer than some milliseconds. */
const BOUNDS: Bounds = { depth: 64, steps: 50_000 };
const NOBODY: ReadonlySet<number> = new Set();
const STORE_TIMEOUT_MS = 10_000;
/** Numbers for what no tuple names; names begin at 0. */
const ABSENT = { object: -2, subject: -3, wildcard: -4 } as const;

/** Relationships in memory: the tuples of the configuration's file and of the store, under one model. */
export class MemoryRelations implements Relations {
  readonly #options: MemoryOptions;
  readonly #tuples = new Tuples();
  readonly #maxStaleUs: number;
  readonly #givenOf = new WeakMap<readonly RelationTuple[], { names: number; set: ReadonlySet<number> }>();
  #evaluator: Evaluator | null = null;
  #model: RelationModel | null = null;
  #follower: Follower | null = null;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#maxStaleUs = (options.maxStaleMs ?? 10_000) * 1000;
  }

  get model(): RelationModel | null {
    return this.#model;
  }

  /** Reads everything the store has and follows it from then on. Rejects when it cannot be read; can be tried again. */
  async load(): Promise<void> {
    const { store, clock, log, pollMs = 1_000 } = this.#options;
    this.#follower ??= followRelations({
      store,
      clock,
      pollMs,
      timeoutMs: STORE_TIMEOUT_MS,
      onChanges: (changes) => this.#take(changes),
      onRestart: () => this.#tuples.replace([], FROM_STORE),
      onFailed: (error) => log?.error({ err: error }, 'the relations could not be read from the store'),
    });
    if (this.#follower.verifiedUs === Number.NEGATIVE_INFINITY) await this.#follower.refresh();
  }

  /** Takes over a model and the tuples of the file, all at once. The tuples must be valid under the model. */
  use(model: RelationModel, file: readonly RelationTuple[]): void {
    this.#tuples.replace(file, FROM_FILE);
    this.#model = model;
    this.#evaluator = new Evaluator(this.#tuples, makePlan(model, this.#tuples), this.#options.bounds ?? BOUNDS);
  }

  check(question: RelationQuestion): boolean {
    if (this.#evaluator === null) throw new Error('no model of relations is configured');
    if (this.stale) throw new Error('the relations could not be read from the store for too long');
    const asked = this.#ask(question);
    return asked !== null && this.#evaluator.holds(asked);
  }

  /** Writes to the store; resolves when this process answers by it. Tuples of the file stay whatever is deleted here. */
  async apply(change: {
    readonly writes: readonly RelationTuple[];
    readonly deletes: readonly RelationTuple[];
  }): Promise<void> {
    await this.#options.store.apply(change);
    await this.#follower?.refresh();
  }

  list({ object, relation, subject, limit, after = 0 }: TupleFilter): {
    tuples: readonly ListedTuple[];
    next: number | null;
  } {
    const found: ListedTuple[] = [];
    for (const { tuple, origin, next } of this.#tuples.from(after)) {
      if (object !== undefined && tuple.object !== object) continue;
      if (relation !== undefined && tuple.relation !== relation) continue;
      if (subject !== undefined && tuple.subject !== subject) continue;
      found.push({ ...tuple, origin: origin === FROM_FILE ? 'file' : origin === FROM_STORE ? 'store' : 'both' });
      if (found.length === limit) return { tuples: found, next };
    }
    return { tuples: found, next: null };
  }

  get stale(): boolean {
    const verifiedUs = this.#follower?.verifiedUs ?? Number.NEGATIVE_INFINITY;
    return this.#options.clock.monotonicUs() - verifiedUs > this.#maxStaleUs;
  }

  status(): RelationStatus {
    return { tuples: this.#tuples.count, bytes: this.#tuples.bytes, stale: this.stale };
  }

  close(): void {
    this.#follower?.close();
  }

  #take(changes: readonly (RelationTuple & { readonly removed: boolean })[]): void {
    for (const change of changes) {
      if (change.removed) this.#tuples.remove(change, FROM_STORE);
      else this.#tuples.add(change, FROM_STORE);
    }
  }

  /** The question in numbers; `null` when nothing could ever hold. */
  #ask({ object, relation, subject, given }: RelationQuestion): Asked | null {
    const tuples = this.#tuples;
    const { names } = tuples;
    const set = subject.includes('#') ? parseSubject(subject) : null;
    const single = set === null ? subject : `${set.type}:${set.id}`;
    const type = tuples.findWord(typeOf(object));
    const subjectType = tuples.findWord(typeOf(single));
    const words = { relation: tuples.findWord(relation), set: tuples.findWord(set?.relation ?? '') };
    if (type === 0 || subjectType === 0 || words.relation === 0 || (set !== null && words.set === 0)) return null;
    const name = or(names.find(object), ABSENT.object);
    const subjectName = single === object ? name : or(names.find(single), ABSENT.subject);
    const everyone = `${typeOf(single)}:*`;
    return {
      object: { name, type },
      relation: words.relation,
      subject: { name: subjectName, type: subjectType, relation: words.set, everyone: single === everyone },
      wildcard: or(names.find(everyone), ABSENT.wildcard),
      given: given.length === 0 ? NOBODY : this.#given(given, { object, name }),
    };
  }

  /** Worked out once for each list of tuples, and again when names were added: the same person asks often. */
  #given(given: readonly RelationTuple[], asked: { object: string; name: number }): ReadonlySet<number> {
    const { names } = this.#tuples;
    const absent = asked.name === ABSENT.object;
    const known = absent ? undefined : this.#givenOf.get(given);
    if (known !== undefined && known.names === names.size) return known.set;
    const set = new Set<number>();
    for (const { object, relation } of given) {
      const name = absent && object === asked.object ? asked.name : names.find(object);
      const word = this.#tuples.findWord(relation);
      if (name !== -1 && word !== 0) set.add(name * 65_536 + word);
    }
    if (!absent) this.#givenOf.set(given, { names: names.size, set });
    return set;
  }
}

function or(name: number, absent: number): number {
  return name === -1 ? absent : name;
}

function typeOf(object: string): string {
  return object.slice(0, Math.max(0, object.indexOf(':')));
}
