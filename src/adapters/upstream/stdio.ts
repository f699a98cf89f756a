import { UpstreamFault } from '../../model/fault.ts';
import type { JsonLimits } from '../../model/strict-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CredentialHolder, Era, UpstreamHealth, UpstreamLink, UpstreamServer } from '../../ports/upstream.ts';
import { type Carried, CarryingLink, carried } from './carrying.ts';
import { type ClientInfo, discoverRequest, type Eras, erasFrom, initializeRequest, KnownEras } from './discover.ts';
import { describe, RESPONSE_JSON, SILENT, type UpstreamLog } from './frames.ts';
import { Child, type ChildLimits, childEnv } from './stdio/child.ts';
import { type GateLimits, SpawnGate } from './stdio/gate.ts';
import { StdioLink, type StdioPeer } from './stdio/link.ts';

export interface StdioUpstreamOptions {
  readonly id: string;
  readonly clock: Clock;
  /** Found on PATH or absolute; run without a shell. */
  readonly command: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Added to the scrubbed environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly limits?: Partial<StdioLimits>;
  readonly clientInfo?: ClientInfo;
  readonly log?: UpstreamLog;
  /** Every line the server writes to standard error. */
  readonly onStderr?: (line: string) => void;
}

export interface StdioLimits extends ChildLimits {
  /** Children at once, those still ending included. */
  readonly maxChildren: number;
  readonly startupTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly maxGarbage: number;
  readonly backoff: GateLimits;
  /** A start that is held back longer than this is refused instead of waiting. */
  readonly maxHoldMs: number;
  readonly json: JsonLimits;
}

export const STDIO_LIMITS: StdioLimits = {
  maxChildren: 64,
  lineBytes: 4 * 1024 * 1024,
  queuedBytes: 4 * 1024 * 1024,
  stderrBytes: 8 * 1024,
  eofGraceMs: 250,
  termGraceMs: 2_000,
  startupTimeoutMs: 30_000,
  probeTimeoutMs: 5_000,
  maxGarbage: 100,
  backoff: { baseMs: 500, maxMs: 60_000 },
  maxHoldMs: 2_000,
  json: RESPONSE_JSON,
};

/** One MCP server run as a child process per link, never shared. */
export function stdioUpstream(options: StdioUpstreamOptions): UpstreamServer {
  return new StdioServer(options);
}

class StdioServer implements UpstreamServer {
  readonly id: string;

  readonly #options: StdioUpstreamOptions;
  readonly #limits: StdioLimits;
  readonly #log: UpstreamLog;
  readonly #gate: SpawnGate;
  readonly #links = new Set<StdioLink>();
  readonly #peer: StdioPeer;
  #children = 0;
  #restarts = 0;
  #dropped = 0;
  #up = false;
  #sinceMs: number | null = null;
  #lastError: string | null = null;
  #stderrTail = '';
  readonly #eras = new KnownEras((holder) => this.#probe(holder));
  #closed = false;

  constructor(options: StdioUpstreamOptions) {
    this.id = options.id;
    this.#options = options;
    this.#limits = { ...STDIO_LIMITS, ...options.limits };
    this.#log = options.log ?? SILENT;
    this.#gate = new SpawnGate(options.clock, this.#limits.backoff);
    const { json, startupTimeoutMs, maxGarbage } = this.#limits;
    this.#peer = {
      id: this.id,
      json,
      startupTimeoutMs,
      maxGarbage,
      dropped: (why) => {
        this.#dropped++;
        this.#log.debug({ server: this.id, why }, 'frame dropped');
      },
      answered: () => {
        this.#gate.answered();
        this.#enter(true);
      },
      initializeRefused: () => this.#eras.initializeRefused(),
      ended: (link) => this.#links.delete(link),
    };
  }

  /** The child has the holder's credential in its environment, and is that holder's alone. */
  async open(era: Era, holder: CredentialHolder | null = null): Promise<UpstreamLink> {
    const with_ = holder === null ? null : await carried(holder);
    const link = await this.#spawn(era, with_);
    this.#links.add(link);
    if (link.closed) this.#links.delete(link);
    return with_ === null ? link : new CarryingLink(link, with_);
  }

  async #spawn(era: Era, with_: Carried | null): Promise<StdioLink> {
    if (this.#closed) throw refused('overloaded', 'the server is being removed');
    if (this.#children >= this.#limits.maxChildren)
      throw refused('overloaded', `${this.#children} children already run`);
    // Taken before the first wait: many at once must not all see room for one.
    this.#children++;
    let child: Child | null = null;
    try {
      await this.#hold();
      const link = new StdioLink(this.#peer, era);
      child = this.#start(link, with_);
      await child.ready;
      return link;
    } catch (error) {
      if (error instanceof UpstreamFault) throw error;
      // A program that could not be run was counted when its child ended; arguments no process can have leave no child.
      if (child === null) this.#failed(describe(error));
      throw new UpstreamFault('upstream-unavailable', 'the server cannot be started', {
        sent: false,
        detail: describe(error),
        cause: error,
      });
    } finally {
      const release = (): void => {
        this.#children--;
      };
      if (child === null) release();
      else child.gone.then(release);
    }
  }

  async #hold(): Promise<void> {
    const waitMs = this.#gate.waitMs();
    if (waitMs > this.#limits.maxHoldMs) {
      throw refused(
        'upstream-unavailable',
        `failed to start ${this.#gate.failures} times; next try in ${waitMs} ms; ${this.#lastError}`,
      );
    }
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (this.#closed) throw refused('overloaded', 'the server is being removed');
  }

  #start(link: StdioLink, with_: Carried | null): Child {
    const { command, args = [], cwd, uid, gid, env = {} } = this.#options;
    const spawned = { command, args, env: childEnv(process.env, { ...env, ...with_?.env() }) };
    const placed = {
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    };
    const child = new Child({ ...spawned, ...placed }, this.#limits, {
      onLine: (line) => link.onLine(with_ === null ? line : with_.blotLine(line)),
      onOversize: () => link.onOversize(),
      onStderr: (line) => {
        const clean = (text: string): string => (with_ === null ? text : with_.blot(text));
        this.#stderrTail = clean(child.stderrTail);
        this.#options.onStderr?.(clean(line));
      },
      onExit: (how) => {
        if (link.endedBy !== 'session') this.#onDeath(link, child.ran, how);
        link.onExit(how);
      },
    });
    link.attach(child);
    return child;
  }

  /** A child ended unasked, or was given up because it said nothing or nonsense. */
  #onDeath(link: StdioLink, ran: boolean, how: string): void {
    if (ran) this.#restarts++;
    if (link.heard) this.#lastError = how;
    else this.#failed(how);
    this.#log.warn({ server: this.id, how, restarts: this.#restarts }, 'a child ended unasked');
  }

  #failed(how: string): void {
    this.#gate.failed();
    this.#enter(false);
    this.#lastError = how;
    this.#eras.forget();
  }

  #enter(up: boolean): void {
    if (this.#sinceMs !== null && up === this.#up) return;
    this.#up = up;
    this.#sinceMs = this.#options.clock.nowMs();
  }

  eras(holder: CredentialHolder | null = null): Promise<Eras> {
    return this.#eras.get(holder);
  }

  /** MCP 2026-07-28 "stdio", Backward Compatibility: any other error, or silence, is a legacy server. */
  async #probe(holder: CredentialHolder | null): Promise<Eras> {
    const client = this.#options.clientInfo ?? { name: 'interlock', version: '0' };
    const with_ = holder === null ? null : await carried(holder);
    const link = await this.#spawn('modern', with_);
    const options = {
      signal: new AbortController().signal,
      onMessage: () => {},
      timeoutMs: this.#limits.probeTimeoutMs,
    };
    try {
      return erasFrom((await link.request(discoverRequest(client), options)).response);
    } catch (error) {
      if (!(error instanceof UpstreamFault)) throw error;
      if (error.code !== 'upstream-timeout') await this.#probeLegacy(client, with_);
      return { legacy: true, modern: false, discover: null };
    } finally {
      await link.close('probed');
    }
  }

  /** A child that dies of the probe may be a legacy server that is strict, or broken: only `initialize` tells. */
  async #probeLegacy(client: ClientInfo, with_: Carried | null): Promise<void> {
    const link = await this.#spawn('legacy', with_);
    try {
      const options = {
        signal: new AbortController().signal,
        onMessage: () => {},
        timeoutMs: this.#limits.probeTimeoutMs,
      };
      await link.request(initializeRequest(client), options);
    } finally {
      await link.close('probed');
    }
  }

  health(): UpstreamHealth {
    const state = this.#gate.failures > 0 ? 'down' : this.#up ? 'up' : 'unknown';
    return {
      state,
      sinceMs: this.#sinceMs,
      links: this.#links.size,
      lastError: this.#lastError,
      restarts: this.#restarts,
      dropped: this.#dropped,
      stderrTail: this.#stderrTail,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#links].map((link) => link.close('the server was removed')));
  }
}

function refused(code: 'overloaded' | 'upstream-unavailable', detail: string): UpstreamFault {
  const text =
    code === 'overloaded'
      ? 'the gateway has no room for another connection to this server; try again later'
      : 'the server cannot be started; try again later';
  return new UpstreamFault(code, text, { sent: false, detail });
}
