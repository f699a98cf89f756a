/** Orders to the load process and what it measured. */
export interface LoadJob {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Calls in flight: each answer is followed by the next call at once (closed loop). */
  readonly concurrency: number;
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Processes whose CPU time is read at both ends of the measured window. */
  readonly pids: readonly number[];
}

export interface LoadResult {
  readonly requests: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of `pids` per answered call; null without pids. */
  readonly cpuUsPerRequest: number | null;
}

export type LoadReply =
  | { readonly ok: true; readonly result: LoadResult }
  | { readonly ok: false; readonly message: string };

/** The value below which `share` of the sorted samples lie (nearest rank). */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] as number;
}
