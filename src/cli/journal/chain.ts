import { realDisk } from '../../adapters/disk/real.ts';
import { readJournal } from '../../audit/read/read-journal.ts';
import type { Actor } from '../../model/caller.ts';
import { isObject, type Json, type JsonObject } from '../../model/json.ts';
import type { IntentRecord, RefusalRecord } from '../../model/record.ts';
import { locate } from '../operate/locate.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';

/** One hop: the record that was written before the token that made it was handed out. */
export interface ChainHop {
  readonly seq: number;
  readonly time: string;
  readonly act: string;
  readonly detail: JsonObject;
}

export interface CallChain {
  readonly call: string;
  readonly seq: number;
  readonly time: string;
  readonly decision: 'permitted' | 'refused';
  readonly agent: string;
  readonly subject: string | null;
  readonly chain: readonly Actor[];
  readonly credential: string;
  /** Oldest first, ending with the credential of the call. */
  readonly hops: readonly ChainHop[];
  /** How the credential the first hop rests on came to be is on record; if not, the chain begins with a consent or an agent's own key. */
  readonly rootCredential: string;
}

const HOP_ACTS: ReadonlySet<string> = new Set(['token.exchange', 'token.id-jag', 'token.workload']);

/**
 * `interlock chain <call>`: on whose authority a call was made and through whom, each hop with the record written before its token was
 * handed out. From the journal alone, also while no gateway runs.
 */
export async function chain(context: Context, call: string): Promise<void> {
  const dir = `${(await locate(context)).dataDir}/journal`;
  const found = await find(dir, call);
  if (found === null) {
    const help = 'see the calls with: interlock log; the last 12 characters of an id are enough';
    throw new CliError(EXIT.failed, `no call "${call}" is in the journal`, { help });
  }
  context.terminal.value(found);
  for (const line of linesOf(found)) context.terminal.line(line);
}

type Found = { readonly seq: number; readonly time: string; readonly record: IntentRecord | RefusalRecord };

async function find(dir: string, call: string): Promise<CallChain | null> {
  const is = (id: string): boolean => id === call || (call.length >= 8 && id.endsWith(call));
  /** By the credential each made. An exchange comes before every call with what it gave. */
  const made = new Map<string, ChainHop>();
  let last: Found | null = null;
  try {
    for await (const { seq, time, record } of readJournal(dir, { disk: realDisk })) {
      if (record.type === 'outcome') continue;
      if (record.type === 'admin') {
        const { act, detail } = record;
        if (HOP_ACTS.has(act) && isObject(detail) && typeof detail.child === 'string')
          made.set(detail.child, { seq, time, act, detail });
      } else if (is(record.call)) last = { seq, time, record };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const help = 'it begins with the first: interlock up';
    throw new CliError(EXIT.failed, `there is no journal in ${dir}`, { help });
  }
  return last === null ? null : told(last, made);
}

function told({ seq, time, record }: Found, made: ReadonlyMap<string, ChainHop>): CallChain {
  const hops: ChainHop[] = [];
  let credential = record.credential;
  for (let hop = made.get(credential); hop !== undefined && !hops.includes(hop); hop = made.get(credential)) {
    hops.unshift(hop);
    if (hop.act !== 'token.exchange' || typeof hop.detail.parent !== 'string') break;
    credential = hop.detail.parent;
  }
  const { call, agent, subject, chain: actors } = record;
  const decision = record.type === 'intent' ? 'permitted' : 'refused';
  return {
    call,
    seq,
    time,
    decision,
    agent,
    subject,
    chain: actors,
    credential: record.credential,
    hops,
    rootCredential: credential,
  };
}

function linesOf(found: CallChain): readonly string[] {
  const { subject, chain: actors, hops } = found;
  const root = subject ?? actors.at(-1)?.id ?? found.agent;
  const through = actors.filter((_, i) => subject !== null || i < actors.length - 1).toReversed();
  const lines = [
    `call ${found.call}, ${found.decision}, record ${found.seq}, ${found.time}`,
    `  root        ${subject === null ? `${root} (an agent, for itself)` : `${root} (a person)`}`,
    ...through.map(({ id }, i) => `  ${i === through.length - 1 ? 'acts' : 'through'}`.padEnd(14) + id),
  ];
  if (hops[0]?.act !== 'token.id-jag' && hops[0]?.act !== 'token.workload')
    lines.push(`  began with  credential ${found.rootCredential}`);
  for (const hop of hops) lines.push(...hopLines(hop));
  lines.push(`  called with credential ${found.credential}`);
  return lines;
}

function hopLines({ seq, time, act, detail }: ChainHop): readonly string[] {
  const what =
    act === 'token.exchange'
      ? `${str(detail.from)} to ${str(detail.to)}, ${detail.connection === null ? 'its own, narrower' : `over connection ${str(detail.connection)}`}`
      : act === 'token.id-jag'
        ? `to ${str(detail.to)}, by an ID-JAG of ${str(detail.issuer)}`
        : `to ${str(detail.agent)}, for the workload ${str(detail.workload)} of ${str(detail.issuer)}`;
  const scopes = Array.isArray(detail.scopes) ? detail.scopes.join(' ') || 'none' : 'no limit of its own';
  return [
    `  handed on   ${what}`,
    `              record ${seq}, ${time}; scopes ${scopes}${detail.task == null ? '' : `; task ${str(detail.task)}`}`,
    `              credential ${str(detail.parent ?? null)} gave ${str(detail.child)}`,
  ];
}

function str(value: Json | undefined): string {
  return typeof value === 'string' ? value : '-';
}
