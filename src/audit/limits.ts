/** Every bound of the journal. All may be set by the operator. */
export interface JournalLimits {
  /** One record as JSON. A larger one is refused (`too-large`). */
  readonly maxRecordBytes: number;
  /** Waiting for the disk, in flight included; one more is refused (`overloaded`). Outcomes are exempt: their intents were admitted. */
  readonly maxQueuedRecords: number;
  readonly maxQueuedBytes: number;
  /** Intents without an outcome; one more is refused (`overloaded`). */
  readonly maxOpenIntents: number;
  /** A segment is closed at the first batch that finds it this long or this old. */
  readonly segmentBytes: number;
  readonly segmentAgeMs: number;
  /** Longest time a durable record waits for a signed checkpoint. */
  readonly checkpointIntervalMs: number;
  /** With less than this free, intents and other records are refused while outcomes still fit. */
  readonly minFreeBytes: number;
  readonly spaceCheckIntervalMs: number;
  /** Whole segments are removed, oldest first, while the journal is larger or its oldest record older. `null`: never. */
  readonly retainBytes: number | null;
  readonly retainMs: number | null;
}

export const DEFAULT_LIMITS: JournalLimits = {
  maxRecordBytes: 4 * 1024 * 1024,
  maxQueuedRecords: 10_000,
  maxQueuedBytes: 64 * 1024 * 1024,
  maxOpenIntents: 50_000,
  segmentBytes: 32 * 1024 * 1024,
  segmentAgeMs: 24 * 60 * 60 * 1000,
  checkpointIntervalMs: 900,
  minFreeBytes: 256 * 1024 * 1024,
  spaceCheckIntervalMs: 1000,
  retainBytes: null,
  retainMs: null,
};
