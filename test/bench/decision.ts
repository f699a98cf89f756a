/**
 * How long one decision takes: Interlock, the official Cedar (WebAssembly) and Microsoft's Agent Governance SDK, on the same
 * rules and questions. Alone: `node test/bench/decision.ts [--json]`.
 *
 * Ours is timed from the gathered facts to the decision: entities and context are built inside. The others get objects in their
 * own form made beforehand. Before timing, all three must answer every question alike.
 */
import { publish } from '../../src/policy/publish.ts';
import { cedarText, inputOf, worldOf } from './decision/cedar.ts';
import { agtSdk, cedarWasm, type Engine } from './decision/others.ts';
import { type Company, company } from './decision/rules.ts';

const SIZES = [10, 100, 1000] as const;
type Sizes = Record<(typeof SIZES)[number], number>;

/** Microseconds per decision: the median over 64 different questions, asked again and again. */
export interface DecisionBench {
  readonly p50_us: Sizes;
  /** The first time an agent meets a tool, when nothing about the pair is remembered. */
  readonly first_p50_us: Sizes;
  readonly cedar_wasm: Sizes;
  readonly agt_sdk: Sizes;
  /** The same rules as one document, agents and groups in the conditions. */
  readonly agt_sdk_flat: Sizes;
  /** Permitted, asked and denied among the 64 questions. */
  readonly effects: Record<(typeof SIZES)[number], string>;
}

/** `budgetMs` is spent on each of the engines at each size, after warming up. */
export async function decisionBench({ budgetMs = 400 }: { budgetMs?: number } = {}): Promise<DecisionBench> {
  const empty = (): Sizes => ({ 10: 0, 100: 0, 1000: 0 });
  const result = {
    p50_us: empty(),
    first_p50_us: empty(),
    cedar_wasm: empty(),
    agt_sdk: empty(),
    agt_sdk_flat: empty(),
  };
  const effects = { 10: '', 100: '', 1000: '' };
  for (const size of SIZES) {
    const world = company(size);
    const ours = interlock(world);
    const first = interlock(world, { remember: false });
    const wasm = cedarWasm(world);
    const agt = agtSdk(world, 'documents');
    const flat = agtSdk(world, 'flat');
    effects[size] = agreement(world, [ours, first, wasm, agt, flat]);
    result.p50_us[size] = measure(ours, world.questions.length, budgetMs);
    result.first_p50_us[size] = measure(first, world.questions.length, budgetMs);
    result.cedar_wasm[size] = measure(wasm, world.questions.length, budgetMs);
    result.agt_sdk[size] = measure(agt, world.questions.length, budgetMs);
    result.agt_sdk_flat[size] = measure(flat, world.questions.length, budgetMs);
  }
  return { ...result, effects };
}

function interlock(world: Company, { remember = true } = {}): Engine {
  const published = publish([{ path: 'bench.cedar', text: cedarText(world.rules) }], worldOf(world));
  if (!published.ok) throw new Error(JSON.stringify(published.problems[0]));
  const { policies } = published;
  const inputs = world.questions.map(inputOf);
  return {
    decide(question) {
      if (!remember) policies.forget();
      return policies.decide(inputs[question] as (typeof inputs)[number]).effect;
    },
  };
}

/** Throws when two engines differ: figures for different answers compare nothing. */
function agreement(world: Company, engines: readonly Engine[]): string {
  const counts = { permit: 0, ask: 0, deny: 0 };
  for (const i of world.questions.keys()) {
    const answers = engines.map((engine) => engine.decide(i));
    const [answer] = answers;
    if (answer === undefined || answers.some((other) => other !== answer)) {
      throw new Error(`question ${i} of ${world.rules.length} rules: the engines answer ${answers.join(', ')}`);
    }
    counts[answer]++;
  }
  return `${counts.permit} permit, ${counts.ask} ask, ${counts.deny} deny`;
}

/** A timing covers at least this long, so that reading the clock does not count. */
const MIN_TIMING_US = 50;

function measure(engine: Engine, questions: number, budgetMs: number): number {
  const budgetUs = budgetMs * 1000;
  const warm = timings({ engine, questions, batch: questions, budgetUs: budgetUs / 2 });
  // Slow engines are timed decision by decision: an interruption by another process then spoils one timing, not the median.
  const batch = Math.min(questions, Math.ceil(MIN_TIMING_US / (warm.at(-1) as number)));
  const figures = timings({ engine, questions, batch, budgetUs }).sort((a, b) => a - b);
  return figures[figures.length >> 1] as number;
}

/** Microseconds per decision, one figure for each batch. At least one round over all questions, whatever the budget. */
function timings(job: { engine: Engine; questions: number; batch: number; budgetUs: number }): number[] {
  const { engine, questions, batch } = job;
  const figures: number[] = [];
  let spentUs = 0;
  for (let asked = 0; spentUs < job.budgetUs || asked < questions; asked += batch) {
    const started = process.hrtime.bigint();
    for (let i = 0; i < batch; i++) engine.decide((asked + i) % questions);
    const elapsedUs = Number(process.hrtime.bigint() - started) / 1000;
    figures.push(elapsedUs / batch);
    spentUs += elapsedUs;
  }
  return figures;
}

if (import.meta.main) {
  const result = await decisionBench();
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    for (const size of SIZES) console.log(`${size} policies: ${result.effects[size]}`);
    console.table(
      Object.fromEntries(
        (['p50_us', 'first_p50_us', 'cedar_wasm', 'agt_sdk', 'agt_sdk_flat'] as const).map((name) => [
          name,
          Object.fromEntries(SIZES.map((size) => [size, Number(result[name][size].toFixed(2))])),
        ]),
      ),
    );
  }
}
