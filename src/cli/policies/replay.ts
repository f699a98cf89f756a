import { setTimeout as sleep } from 'node:timers/promises';
import type { PolicyReplay } from '../../model/insight/policies.ts';
import { gateway } from '../registry/orders.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';
import { filesOf } from './sets.ts';
import { countLines } from './shown.ts';

const LOOK_MS = 200;
const SAY_MS = 5_000;

interface ReplayOptions {
  readonly days: number;
  readonly maxCalls?: number;
  readonly by?: string;
}

export async function replay(context: Context, set: string, options: ReplayOptions): Promise<ExitCode> {
  const client = await gateway(context, { long: true });
  const files = await filesOf(client, set);
  const { days, maxCalls } = options;
  const order = { files, days, maxCalls, by: operatorName(options.by) };
  let now = await client.post<PolicyReplay>('/v1/policies/replays', order);
  for (let waitedMs = LOOK_MS; now.state === 'running'; waitedMs += LOOK_MS) {
    await sleep(LOOK_MS);
    now = await client.get<PolicyReplay>(`/v1/policies/replays/${encodeURIComponent(now.id)}`);
    if (waitedMs % SAY_MS === 0) context.terminal.note(`${now.checked} of ${now.of} records`, 'dim');
  }
  if (now.state !== 'done')
    throw new CliError(EXIT.failed, `the replay ${now.state}: ${now.message ?? 'no reason given'}`);
  tell(context, now);
  return now.changed === 0 ? EXIT.ok : EXIT.failed;
}

function tell({ terminal }: Context, done: PolicyReplay): void {
  terminal.value(done);
  terminal.table(
    ['time', 'agent', 'target', 'change', 'because'],
    done.changes.map(({ atMs, agent, server, target, before, after, what, reasonsAfter }) => [
      ...[isoTime(atMs), agent, target === null ? server : `${server}/${target}`],
      what === 'effect' ? `${before} → ${after}` : `${after}, other ${what}`,
      reasonsAfter.length === 0 ? 'no policy permits it' : reasonsAfter.join(', '),
    ]),
  );
  terminal.line(
    `${done.calls} calls since ${isoTime(done.fromMs)} decided again: ${done.changed} change`,
    done.changed === 0 ? 'good' : 'warn',
  );
  for (const line of countLines(done.byChange)) terminal.line(line);
  if (done.changed > done.changes.length) terminal.line(`listed are the first ${done.changes.length}`, 'dim');
  if (done.drifted > 0)
    terminal.line(`${done.drifted} were decided otherwise at the time than they would be now`, 'dim');
  const undecidable = Object.values(done.undecidable).reduce((sum, count) => sum + count, 0);
  if (undecidable > 0) terminal.line(`${undecidable} could not be decided again with what is on record:`, 'warn');
  for (const line of countLines(done.undecidable)) terminal.line(line);
  if (done.message !== null) terminal.line(done.message, 'dim');
}
