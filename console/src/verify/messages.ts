import type { KnownCheckpoint, LogProgress, LogReport, SegmentAt } from './log.ts';
import type { ReceiptResult } from './receipt.ts';

/** Between a page and the worker that checks: what is asked, and what comes back. */
export type Question =
  | { readonly kind: 'receipt'; readonly id: number; readonly text: string; readonly vkey: string }
  | {
      readonly kind: 'log';
      readonly id: number;
      readonly vkey: string;
      readonly segments: readonly SegmentAt[];
      readonly whole: boolean;
      readonly checkpoints: readonly KnownCheckpoint[];
      /** Address of the API. */
      readonly base: string;
    }
  | { readonly kind: 'cancel'; readonly id: number };

export type Answer =
  | { readonly kind: 'receipt'; readonly id: number; readonly result: ReceiptResult }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: LogProgress }
  | { readonly kind: 'log'; readonly id: number; readonly report: LogReport }
  /** It could not be checked: nothing is said about the log. */
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
