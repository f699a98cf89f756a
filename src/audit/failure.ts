import { Fault } from '../model/fault.ts';

/** The error a journal that cannot write gives to every caller, with what an operator has to do. */
export function writeFault(cause: unknown): Fault {
  const code = (cause as { code?: string } | null)?.code ?? 'unknown';
  const todo =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk that holds it is full: free space, then restart'
      : code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
        ? 'its directory can no longer be written to: restore write access, then restart'
        : 'its disk failed while writing: check the disk, then restart';
  // After a failed write or sync nobody knows what is on the disk; only reading it again from the start does.
  return new Fault(
    'journal-unavailable',
    `the audit journal stopped and calls are refused (${todo}; the journal checks itself when it starts)`,
    {
      detail: `${code}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    },
  );
}

export function refuseToOpen(what: string, todo: string, cause?: unknown): Fault {
  return new Fault('journal-unavailable', `the audit journal was not opened: ${what}; ${todo}`, { cause });
}
