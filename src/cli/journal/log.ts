import { once } from 'node:events';
import { realDisk } from '../../adapters/disk/real.ts';
import type { Entry } from '../../audit/format/frame.ts';
import { readLayout } from '../../audit/format/layout.ts';
import { readJournal } from '../../audit/read/read-journal.ts';
import type { CallFacts, JournalRecord } from '../../model/record.ts';
import { locate } from '../operate/locate.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';

export interface LogOptions {
  readonly follow?: boolean;
  readonly agent?: string;
  readonly server?: string;
  readonly call?: string;
  readonly denied?: boolean;
  readonly from?: string;
  readonly last?: string;
}

const DEFAULT_LAST = 50;

export async function log(context: Context, options: LogOptions): Promise<void> {
  const fromSeq = wholeNumber('--from', options.from);
  const last = wholeNumber('--last', options.last) ?? (fromSeq === null ? DEFAULT_LAST : null);
  const dir = `${(await locate(context)).dataDir}/journal`;
  const layout = await readLayout(realDisk, dir).catch(() => null);
  if (layout === null || layout.segments.length === 0) {
    throw new CliError(EXIT.failed, `there is no journal in ${dir}`, {
      help: 'it begins with the first: interlock up',
    });
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  // `interlock log | head` closes the pipe: that ends the command, it is no error.
  process.stdout.on('error', () => stop.abort());
  const print = async (entry: Entry): Promise<void> => {
    if (context.terminal.json) {
      if (!process.stdout.write(`${JSON.stringify(entry)}\n`))
        await once(process.stdout, 'drain', { signal: stop.signal }).catch(() => undefined);
      return;
    }
    const { text, tone } = describeEntry(entry);
    context.terminal.line(text, tone);
  };
  const wanted = filterOf(options);
  const from = fromSeq ?? layout.segments[0] ?? 0;
  let next = from;
  const recent: Entry[] = [];
  for await (const entry of readJournal(dir, { disk: realDisk, fromSeq: from, signal: stop.signal })) {
    next = entry.seq + 1;
    if (!wanted(entry.record)) continue;
    if (last === null) await print(entry);
    else if (recent.push(entry) > last) recent.shift();
  }
  for (const entry of recent) await print(entry);
  if (options.follow !== true) return;
  for await (const entry of readJournal(dir, { disk: realDisk, fromSeq: next, follow: true, signal: stop.signal })) {
    if (wanted(entry.record)) await print(entry);
  }
}

function wholeNumber(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^\d{1,15}$/.test(text)) throw new CliError(EXIT.usage, `${option} ${text} is no whole number`);
  return Number(text);
}

/** Outcomes name only their call: they belong to what the filter showed of it before. */
function filterOf(options: LogOptions): (record: JournalRecord) => boolean {
  const { agent, server, call, denied } = options;
  const any = agent === undefined && server === undefined && call === undefined && denied !== true;
  const shown = new Set<string>();
  // People see the end of a call's id; that is enough to ask for it.
  const isCall = (id: string): boolean => call === undefined || id === call || (call.length >= 8 && id.endsWith(call));
  return (record) => {
    if (any) return true;
    if (record.type === 'admin') return false;
    if (record.type === 'outcome') return shown.delete(record.call) || (call !== undefined && isCall(record.call));
    const fits =
      (agent === undefined || record.agent === agent) &&
      (server === undefined || record.server === server) &&
      isCall(record.call) &&
      (denied !== true || record.type === 'refusal');
    if (fits && record.type === 'intent') shown.add(record.call);
    return fits;
  };
}

/** One line for people. Pure. */
export function describeEntry({ seq, time, record }: Pick<Entry, 'seq' | 'time' | 'record'>): {
  text: string;
  tone: Tone;
} {
  const head = `${String(seq).padStart(6)}  ${time}  `;
  if (record.type === 'admin') {
    const detail = record.detail === null ? '' : `  ${JSON.stringify(record.detail)}`;
    return {
      text: `${head}admin    ${record.act} by ${oneLine(record.by)}: ${oneLine(record.reason)}${detail}`,
      tone: 'strong',
    };
  }
  if (record.type === 'outcome') {
    const code = record.code === null ? '' : ` (${record.code})`;
    const took = `${(record.timingsUs.total / 1000).toFixed(1)} ms`;
    const tone = record.outcome === 'ok' ? 'dim' : record.outcome === 'failed' ? 'warn' : 'bad';
    return { text: `${head}${record.outcome.padEnd(7)}  ${shortCall(record.call)}${code} ${took}`, tone };
  }
  return {
    text: `${head}${describeCall(record)}`,
    tone: record.type === 'intent' ? 'good' : record.decision.effect === 'ask' ? 'warn' : 'bad',
  };
}

function describeCall(record: CallFacts & { readonly type: 'intent' | 'refusal' }): string {
  const { decision } = record;
  const word = record.type === 'intent' ? 'permit' : decision.effect === 'ask' ? 'ask' : 'deny';
  const target = record.target === null ? record.server : `${record.server}/${record.target}`;
  const why = [...decision.reasons, ...decision.errors].join(', ');
  const code = record.type === 'refusal' ? ` [${decision.code}]` : '';
  const flags = `${record.auth === 'static-development' ? ' STATIC-TOKEN' : ''}${decision.lock === null ? '' : ` lock:${decision.lock}`}`;
  const args = JSON.stringify(record.args);
  const short = args.length > 120 ? `${args.slice(0, 119)}…` : args;
  return `${word.padEnd(7)}  ${shortCall(record.call)} ${actingFor(record)} ${record.action} ${oneLine(target)} ${short}${code}${why === '' ? '' : ` (${why})`}${flags}`;
}

/** `buyer for bob via planner`: whoever reads along sees on whose authority. */
function actingFor({ agent, subject, chain }: CallFacts): string {
  const through = chain.filter((actor) => actor.id !== agent).map((actor) => actor.id);
  return `${agent}${subject === null ? '' : ` for ${subject}`}${through.length === 0 ? '' : ` via ${through.join(' via ')}`}`;
}

/** The random end of a UUIDv7 tells calls of the same millisecond apart. */
function shortCall(call: string): string {
  return call.slice(-12);
}

function oneLine(text: string): string {
  return text.replaceAll('\n', '\\n');
}
