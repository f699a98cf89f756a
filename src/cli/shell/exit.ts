/** Exit codes, documented in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The command failed, or its answer is no (`verify` found tampering, `approvals show` found nothing). */
  failed: 1,
  usage: 2,
  configuration: 3,
  unreachable: 4,
  /** Somebody with the right to do so said no: a changed definition, an answered approval, a refused token. */
  refused: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that was expected to be possible: one message, one thing to do, one exit code. */
export class CliError extends Error {
  readonly exit: ExitCode;
  readonly help: string;
  /** Extra members of the `error` object that `--json` prints. */
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(
    exit: ExitCode,
    message: string,
    more: { help?: string; detail?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'CliError';
    this.exit = exit;
    this.help = more.help ?? '';
    this.detail = more.detail ?? {};
  }
}
