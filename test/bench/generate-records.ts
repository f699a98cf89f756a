/**
 * Makes a journal as a large company would have it after a month: real segments with a real hash chain, Merkle tree and signed
 * checkpoints, which `interlock verify` finds good. Fast, because it writes them with the functions of the format instead of waiting for
 * a disk after every batch. Alone: `node test/bench/generate-records.ts <directory> [records] [agents]`; the directory becomes the journal.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock.ts';
import { type Chain, emptyChain, SEGMENT_ACT } from '../../src/audit/format/chain.ts';
import { formatStored, signCheckpoint } from '../../src/audit/format/checkpoint.ts';
import { encodeFrame } from '../../src/audit/format/frame.ts';
import { checkpointsPath, KEY_FILE, recordsPath, VKEY_FILE } from '../../src/audit/format/layout.ts';
import { generateKey, parseSigner, type Signer } from '../../src/audit/format/note.ts';
import type { AdminRecord, IntentRecord, JournalRecord, OutcomeRecord, RefusalRecord } from '../../src/model/record.ts';

export interface GenerateOptions {
  readonly dir: string;
  readonly records: number;
  readonly agents?: number;
  /** Over how many days before `endMs` they are spread. */
  readonly days?: number;
  readonly endMs?: number;
  readonly seed?: number;
}

export interface Generated {
  readonly records: number;
  readonly calls: number;
  readonly sizeBytes: number;
  readonly segments: number;
  readonly vkey: string;
  readonly seconds: number;
}

const SEGMENT_BYTES = 32 * 1024 * 1024;
const BATCH = 64;
const CHECKPOINT_EVERY = 4_096;
const BUFFER_BYTES = 4 * 1024 * 1024;
/** More than any record made here takes. */
const ROOM_BYTES = 512 * 1024;

export function generateRecords(options: GenerateOptions): Generated {
  const startedUs = systemClock.monotonicUs();
  const { dir, records, days = 30, endMs = systemClock.nowMs() } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const key = generateKey('example.com/generated');
  const signer = parseSigner(key);
  writeFileSync(join(dir, KEY_FILE), `${key}\n`, { mode: 0o600 });
  writeFileSync(join(dir, VKEY_FILE), `${signer.vkey}\n`, { mode: 0o600 });
  const out = new Segments(dir, signer);
  const company = new Company(options.agents ?? 100_000, options.seed ?? 1);
  const startMs = endMs - days * 86_400_000;
  while (out.size < records) {
    const record = out.size === records - 1 ? closing() : company.next();
    out.add(record, startMs + Math.floor((out.size / records) * (endMs - startMs)));
  }
  out.close();
  return {
    ...{ records: out.size, calls: company.calls, sizeBytes: out.sizeBytes, segments: out.count, vkey: signer.vkey },
    seconds: (systemClock.monotonicUs() - startedUs) / 1e6,
  };
}

class Segments {
  readonly #dir: string;
  readonly #signer: Signer;
  readonly #chain: Chain = emptyChain();
  readonly #open = new Set<string>();
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES + ROOM_BYTES);
  #at = 1;
  #file = -1;
  #first = 0;
  #segmentBytes = 0;
  #notes = '';
  #timeMs = -1;
  #time = '';
  sizeBytes = 0;
  count = 0;

  constructor(dir: string, signer: Signer) {
    this.#dir = dir;
    this.#signer = signer;
  }

  get size(): number {
    return this.#chain.seq;
  }

  add(record: JournalRecord, atMs: number): void {
    if (this.#file < 0 || this.#segmentBytes >= SEGMENT_BYTES) this.#begin(atMs);
    this.#write(record, atMs);
    if (record.type === 'intent') this.#open.add(record.call);
    if (record.type === 'outcome') this.#open.delete(record.call);
    if (this.#chain.seq % CHECKPOINT_EVERY === 0) this.#note();
  }

  close(): void {
    this.#note();
    this.#end();
  }

  #begin(atMs: number): void {
    if (this.#file >= 0) this.#end();
    this.#first = this.#chain.seq;
    this.#segmentBytes = 0;
    this.#file = openSync(recordsPath(this.#dir, this.#first), 'wx', 0o600);
    this.#note();
    this.count++;
    const detail = { frontier: [...this.#chain.frontier.nodes], open: [...this.#open] };
    this.#write(
      { type: 'admin', act: SEGMENT_ACT, by: 'interlock', reason: 'the records go on in a new segment', detail },
      atMs,
    );
  }

  #write(record: JournalRecord, atMs: number): void {
    if (atMs !== this.#timeMs) {
      this.#timeMs = atMs;
      this.#time = new Date(atMs).toISOString();
    }
    const { seq, prev } = this.#chain;
    const start = this.#at;
    const batch = Math.max(this.#first, seq - (seq % BATCH));
    const { end, hash } = encodeFrame(
      this.#buffer,
      start,
      { seq, time: this.#time, batch, prev },
      JSON.stringify(record),
    );
    this.#at = end;
    this.#segmentBytes += end - start;
    this.sizeBytes += end - start;
    this.#chain.frontier.append(hash);
    this.#chain.prev = hash;
    this.#chain.seq++;
    if (end > BUFFER_BYTES) this.#flush();
  }

  #flush(): void {
    for (let done = 1; done < this.#at; ) done += writeSync(this.#file, this.#buffer, done, this.#at - done);
    this.#at = 1;
  }

  #note(): void {
    this.#notes += formatStored(signCheckpoint(this.#signer, this.#chain.seq, this.#chain.frontier.root()));
  }

  #end(): void {
    this.#flush();
    closeSync(this.#file);
    writeFileSync(checkpointsPath(this.#dir, this.#first), this.#notes, { mode: 0o600 });
    this.#notes = '';
  }
}

const SERVERS = ['erp', 'crm', 'mail', 'files', 'billing', 'infra', 'tickets', 'calendar'];
const VERBS = ['list', 'get', 'search', 'create', 'update', 'cancel', 'export', 'send'];
const NOUNS = ['orders', 'invoices', 'customers', 'messages', 'documents', 'hosts'];
const ITEMS = ['paper', 'toner', 'pallets', 'bearings', 'laptops', 'cables', 'gloves', 'valves', 'pumps', 'licences'];
const PURPOSES = [
  'Buys supplies for the plant in Linz',
  'Answers questions of customers',
  'Watches over hosts and restarts them',
];
const DENIALS = ['policy', 'user-rights', 'outside-task', 'killed', 'quarantined', 'unknown-target', 'approval-denied'];
const DIGEST = '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU';
const LIVE_SESSIONS = 2_000;

interface OpenSession {
  readonly id: string;
  readonly agent: number;
  readonly txn: string;
  left: number;
}

/** Agents at work. The same seed makes the same calls. */
class Company {
  readonly #agents: number;
  readonly #sessions: (OpenSession | null)[] = new Array<OpenSession | null>(LIVE_SESSIONS).fill(null);
  /** Outcomes that come a little after their intents. */
  readonly #due: OutcomeRecord[] = [];
  #state: number;
  calls = 0;

  constructor(agents: number, seed: number) {
    this.#agents = agents;
    this.#state = seed | 0;
  }

  next(): JournalRecord {
    if (this.#due.length > 0 && (this.#due.length >= 64 || this.#below(100) < 46))
      return this.#due.shift() as OutcomeRecord;
    if (this.#below(100) === 0) return this.#act();
    return this.#call();
  }

  #call(): IntentRecord | RefusalRecord {
    this.calls++;
    const session = this.#session();
    const call = this.#uuid();
    const agent = agentId(session.agent);
    const owner = `person-${session.agent % 1_000}`;
    const server = SERVERS[this.#below(SERVERS.length)] as string;
    const target = `${NOUNS[this.#below(NOUNS.length)]}.${VERBS[this.#below(VERBS.length)]}`;
    const kind = this.#below(100);
    const effect = kind < 86 ? 'permit' : kind < 90 ? 'ask' : 'deny';
    const goesOn = kind < 88;
    const code = goesOn
      ? 'policy'
      : effect === 'ask'
        ? 'approval-pending'
        : (DENIALS[this.#below(DENIALS.length)] as string);
    const facts = {
      ...{ call, agent, owner, subject: owner, chain: [{ id: agent, kind: 'agent' as const }] },
      ...{
        purpose: PURPOSES[session.agent % PURPOSES.length] as string,
        auth: 'token',
        credential: `cred-${session.agent}`,
      },
      ...{
        session: session.id,
        task: null,
        tasks: [],
        txn: session.txn,
        surface: 'mcp',
        action: 'tools/call',
        server,
        target,
      },
      ...{ pin: DIGEST, digest: DIGEST, args: this.#args(), amount: null },
      decision: {
        ...({
          effect,
          code,
          reasons: [`${server}.cedar#${target}`],
          errors: [],
          obligations: [],
          policyVersion: 'v17',
        } as const),
        tiers: { user: 'permit', scope: 'permit', task: null, policy: null },
        lock: null,
      },
      approval: effect === 'ask' ? `req-${this.calls}` : null,
    };
    if (!goesOn) return { type: 'refusal', ...facts };
    const failed = this.#below(50) === 0;
    this.#due.push({
      ...{ type: 'outcome', call, outcome: failed ? 'failed' : 'ok', code: failed ? 'tool-error' : null },
      resultDigest: DIGEST,
      timingsUs: { decide: 80, durable: 900, upstream: 20_000 + this.#below(200_000), total: 230_000 },
    });
    return { type: 'intent', ...facts };
  }

  #act(): AdminRecord {
    const by = `person-${this.#below(1_000)}`;
    if (this.#below(2) === 0) {
      const target = `agent:${agentId(this.#below(this.#agents))}`;
      return {
        type: 'admin',
        act: 'lock.put',
        by,
        reason: 'it does something odd',
        detail: { target, tier: 'watch', untilMs: null },
      };
    }
    const detail = { approval: `req-${this.#below(this.calls + 1)}`, outcome: 'approved', arguments: this.#args() };
    return { type: 'admin', act: 'approval.outcome', by, reason: 'looks right', detail };
  }

  #args(): { readonly [name: string]: string | number } {
    const item = ITEMS[this.#below(ITEMS.length)] as string;
    const number = this.#below(2_000_000);
    return {
      item,
      reference: `PO-${number}`,
      quantity: 1 + this.#below(500),
      total: this.#below(100_000) / 100,
      currency: 'EUR',
    };
  }

  /** A fifth of the agents does most of the work. */
  #session(): OpenSession {
    const slot = this.#below(LIVE_SESSIONS);
    let session = this.#sessions[slot];
    if (session == null || session.left === 0) {
      const busy = this.#below(5) > 0;
      const agent = busy ? this.#below(Math.max(1, Math.floor(this.#agents / 5))) : this.#below(this.#agents);
      session = { id: this.#uuid(), agent, txn: this.#uuid(), left: 2 + this.#below(17) };
      this.#sessions[slot] = session;
    }
    session.left--;
    return session;
  }

  #uuid(): string {
    const hex = (): string => this.#next().toString(16).padStart(8, '0');
    const [b, c] = [hex(), hex()];
    return `${hex()}-${b.slice(0, 4)}-7${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${hex()}`;
  }

  #below(limit: number): number {
    return this.#next() % limit;
  }

  /** mulberry32 */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}

export function agentId(n: number): string {
  return `agent-${String(n + 1).padStart(6, '0')}`;
}

function closing(): AdminRecord {
  return { type: 'admin', act: 'journal.close', by: 'interlock', reason: 'stop', detail: { openIntents: 0 } };
}

if (process.argv[1] === import.meta.filename) {
  const [dir, records = '10000000', agents = '100000'] = process.argv.slice(2);
  if (dir === undefined)
    throw new Error('say where: node test/bench/generate-records.ts <directory> [records] [agents]');
  const made = generateRecords({ dir, records: Number(records), agents: Number(agents) });
  process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
}
