/** One page of a list. `next`: send it back as `cursor` for the page after; `null`: there is none. Opaque to the caller. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** A page that says how many there are in all. */
export interface CountedPage<T> extends Page<T> {
  readonly total: number;
}

/** RFC 9457, with a short stable `code`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
}
