import { realDisk } from '../../adapters/disk/real.ts';
import { readJournal } from '../../audit/read/read-journal.ts';
import type { CallFacts, IntentRecord, OutcomeRecord, RefusalRecord, TierAnswers } from '../../model/record.ts';
import { locate } from '../operate/locate.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';

/** Every record of one call, oldest first, with the number and time each was written at. */
interface Story {
  readonly steps: readonly {
    readonly seq: number;
    readonly time: string;
    readonly record: IntentRecord | RefusalRecord;
  }[];
  readonly outcome: OutcomeRecord | null;
}

/** `interlock explain <call>`: what each tier answered, from the record alone, so that it is what was decided and not what would be now. */
export async function explain(context: Context, call: string): Promise<void> {
  const dir = `${(await locate(context)).dataDir}/journal`;
  const { steps, outcome } = await find(dir, call);
  const last = steps.at(-1);
  if (last === undefined) {
    const help = 'see the calls with: interlock log; the last 12 characters of an id are enough';
    throw new CliError(EXIT.failed, `no call "${call}" is in the journal`, { help });
  }
  context.terminal.value({ call: last.record.call, steps, outcome });
  const { record } = last;
  context.terminal.line(
    `${record.action} ${record.server}${record.target === null ? '' : `/${record.target}`}`,
    'strong',
  );
  context.terminal.line(`  call       ${record.call}`);
  context.terminal.line(`  who        ${whoOf(record)}`);
  if (record.purpose !== '') context.terminal.line(`  purpose    ${record.purpose}`);
  for (const step of steps) {
    context.terminal.line(`record ${step.seq}, ${step.time}`, 'dim');
    for (const line of linesOf(step.record)) context.terminal.line(line.text, line.bad ? 'bad' : 'plain');
  }
  if (outcome !== null) {
    const code = outcome.code === null ? '' : ` (${outcome.code})`;
    context.terminal.line(`  outcome    ${outcome.outcome}${code}, ${(outcome.timingsUs.total / 1000).toFixed(1)} ms`);
    if (outcome.lease !== undefined) context.terminal.line(`  credential ${outcome.lease}`);
  }
}

async function find(dir: string, call: string): Promise<Story> {
  const steps: Story['steps'][number][] = [];
  let outcome: OutcomeRecord | null = null;
  const is = (id: string): boolean => id === call || (call.length >= 8 && id.endsWith(call));
  const entries = readJournal(dir, { disk: realDisk });
  try {
    for await (const { seq, time, record } of entries) {
      if (record.type === 'admin' || !is(record.call)) continue;
      if (record.type === 'outcome') outcome = record;
      else steps.push({ seq, time, record });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CliError(EXIT.failed, `there is no journal in ${dir}`, {
      help: 'it begins with the first: interlock up',
    });
  }
  return { steps, outcome };
}

/** `buyer (of alice) for bob, through planner`. */
export function whoOf(record: Pick<CallFacts, 'agent' | 'owner' | 'subject' | 'chain'>): string {
  const through = record.chain.filter((actor) => actor.id !== record.agent).map((actor) => actor.id);
  const forWhom = record.subject === null ? '' : ` for ${record.subject}`;
  return `${record.agent} (of ${record.owner})${forWhom}${through.length === 0 ? '' : `, through ${through.join(', ')}`}`;
}

const TIERS: readonly (readonly [keyof TierAnswers, string])[] = [
  ['user', "user's rights"],
  ['scope', 'scopes'],
  ['task', 'task'],
  ['policy', 'policies'],
];

function linesOf({ type, decision, approval }: IntentRecord | RefusalRecord): { text: string; bad: boolean }[] {
  // Records of before the tiers, and calls stopped before any tier was asked, have none.
  const tiers =
    (decision.tiers ?? null) === null ? [] : TIERS.map(([key, name]) => tierLine(name, decision.tiers?.[key] ?? null));
  const why = [...decision.reasons, ...decision.errors].join(', ');
  const verdict =
    type === 'intent'
      ? 'permitted'
      : decision.code === 'approval-pending'
        ? 'asked a human'
        : `refused (${decision.code})`;
  const after = approval === null ? '' : `, approval ${approval}`;
  const end = `  decision   ${verdict}${why === '' ? '' : `: ${why}`}${after}, policies ${decision.policyVersion}`;
  return [...tiers, { text: end, bad: type === 'refusal' && decision.effect !== 'ask' }];
}

function tierLine(name: string, answer: string | null): { text: string; bad: boolean } {
  return { text: `  ${name.padEnd(14)} ${answer ?? 'nothing to say'}`, bad: answer?.startsWith('deny') === true };
}
