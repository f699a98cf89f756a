import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { withholdActions } from '../../../model/action-credential.ts';
import { UpstreamFault } from '../../../model/fault.ts';
import { describe } from '../frames.ts';
import { LineReader } from './lines.ts';

export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ChildLimits {
  readonly lineBytes: number;
  /** Bytes waiting for a child that does not read; a write beyond is refused. */
  readonly queuedBytes: number;
  readonly stderrBytes: number;
  /** From the end of its standard input to SIGTERM, and from there to SIGKILL. */
  readonly eofGraceMs: number;
  readonly termGraceMs: number;
}

export interface ChildSink {
  onLine(line: Buffer): void;
  onOversize(): void;
  onStderr(line: string): void;
  /** Once, after the last line, whatever the reason. */
  onExit(how: string): void;
}

/** How long output of a dead child is waited for: a grandchild that holds the pipe must not keep it dying for ever. */
const DRAIN_MS = 300;

/** What a child sees of the gateway's own environment: enough to find and run a program, nothing that could be a secret. */
const SAFE_ENV = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TMP', 'TEMP'],
  ...['SYSTEMROOT', 'COMSPEC', 'PATHEXT', 'APPDATA', 'LOCALAPPDATA', 'USERPROFILE'],
];

export function childEnv(own: NodeJS.ProcessEnv, configured: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of SAFE_ENV) {
    const value = own[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...configured };
}

/** One child process with its whole process group, from spawn to the last of its descendants. No shell is involved. */
export class Child {
  /** Settles when the program runs or cannot be run. */
  readonly ready: Promise<void>;
  /** Settles when nothing of it is left to hear from. */
  readonly gone: Promise<void>;

  readonly #process: ChildProcessWithoutNullStreams;
  readonly #limits: ChildLimits;
  readonly #sink: ChildSink;
  #stderr = '';
  #how: string | null = null;
  #over = false;
  #markGone!: () => void;
  #stopping: NodeJS.Timeout | null = null;

  /** Throws what `spawn` throws for arguments no process can have. */
  constructor(options: ChildOptions, limits: ChildLimits, sink: ChildSink) {
    this.#limits = limits;
    this.#sink = sink;
    this.#process = spawn(options.command, options.args, {
      shell: false,
      // Its own group, so that what the server starts ends with it.
      detached: process.platform !== 'win32',
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    this.gone = new Promise((resolve) => {
      this.#markGone = resolve;
    });
    this.ready = new Promise((resolve, reject) => {
      this.#process.once('spawn', resolve);
      this.#process.once('error', reject);
    });
    // Somebody may stop before waiting for it.
    this.ready.catch(() => {});
    this.#watch();
  }

  /** Whether there ever was a process. */
  get ran(): boolean {
    return this.#process.pid !== undefined;
  }

  get stderrTail(): string {
    return this.#stderr;
  }

  #watch(): void {
    const child = this.#process;
    const out = new LineReader(
      this.#limits.lineBytes,
      (line) => this.#sink.onLine(line),
      () => this.#sink.onOversize(),
    );
    const err = new LineReader(
      4_096,
      (line) => this.#onStderr(line),
      () => {},
    );
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stdout.on('end', () => {
      out.end();
      // MCP "stdio", Shutdown: a server ends the conversation by closing its output.
      this.stop();
    });
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stderr.on('end', () => err.end());
    // A child that closed its input cannot be spoken to any more.
    child.stdin.on('error', () => this.stop());
    child.stdout.on('error', () => this.stop());
    child.stderr.on('error', () => {});
    child.on('error', (error) => {
      if (child.pid === undefined) this.#finish(describe(error));
    });
    child.on('exit', (code, signal) => {
      this.#how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      this.#signal('SIGKILL');
      setTimeout(() => this.#finish(this.#how ?? ''), DRAIN_MS).unref();
    });
    child.on('close', () => this.#finish(this.#how ?? 'closed'));
  }

  #onStderr(line: Buffer): void {
    const text = withholdActions(line.toString('utf8'));
    this.#stderr = `${this.#stderr}${text}\n`.slice(-this.#limits.stderrBytes);
    this.#sink.onStderr(text);
  }

  #finish(how: string): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#stopping !== null) clearTimeout(this.#stopping);
    for (const stream of [this.#process.stdin, this.#process.stdout, this.#process.stderr]) stream.destroy();
    this.#sink.onExit(how);
    this.#markGone();
  }

  /** Fault `overloaded` when the child reads slower than it is written to, `upstream-unavailable` when it is gone. */
  write(line: string): void {
    const { stdin } = this.#process;
    if (this.#over || !stdin.writable) {
      throw new UpstreamFault('upstream-unavailable', 'the server has ended', {
        sent: false,
        detail: this.#how ?? 'standard input closed',
      });
    }
    if (stdin.writableLength + Buffer.byteLength(line) > this.#limits.queuedBytes) {
      throw new UpstreamFault('overloaded', 'the server does not keep up with its requests; try again later', {
        sent: false,
      });
    }
    stdin.write(`${line}\n`);
  }

  /** Ends it and everything it started: end of input, then SIGTERM, then SIGKILL. Safe to call twice. */
  stop(): void {
    if (this.#over || this.#stopping !== null) return;
    this.#process.stdin.end();
    this.#stopping = setTimeout(() => {
      this.#signal('SIGTERM');
      this.#stopping = setTimeout(() => {
        this.#signal('SIGKILL');
        // A process stuck in the kernel cannot be waited for.
        this.#stopping = setTimeout(() => this.#finish('does not end'), this.#limits.termGraceMs);
      }, this.#limits.termGraceMs);
    }, this.#limits.eofGraceMs);
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      if (process.platform === 'win32') this.#process.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // The group is empty: nothing is left to end.
    }
  }
}
