/** Something that can be put under load. */
export interface Target {
  readonly name: string;
  /** Which upstream it stands in front of: only targets on the same upstream may be compared. */
  readonly upstream: 'raw-http' | 'sdk-http' | 'stdio';
  /** Rejects with `Unavailable` where the thing is not installed or not built. */
  start(): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The proxy's own processes, not the upstream's. Empty when there is no proxy. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** A part that cannot be measured here. Reported as null with this reason, never guessed. */
export class Unavailable extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Unavailable';
  }
}
