import type { LiveCall } from '../../../../src/model/insight/records.ts';
import { address } from '../../api/client.ts';
import { backoffMs, pushed, RateBook, type Rates } from './ring.ts';

export type Link = 'connecting' | 'open' | 'lost' | 'away';

/** What the page draws: at most four times a second, whatever comes in between. */
export interface LiveState {
  readonly link: Link;
  readonly rows: readonly LiveCall[];
  /** Since the page was opened. */
  readonly seen: number;
  /** The gateway sent fewer than there were: so many were left out. */
  readonly missed: number;
  readonly rates: Rates;
  /** When the next try is made, while the connection is lost. */
  readonly retryAtMs: number | null;
  /** The last time in which nothing came because nothing was listened to; `toMs` null: it lasts. */
  readonly gap: { readonly fromMs: number; readonly toMs: number | null } | null;
}

const DRAW_MS = 250;

/** One stream of decisions: connected while somebody looks, tried again when it breaks, drawn seldom. */
export class LiveStream {
  readonly #path: string;
  readonly #listeners = new Set<() => void>();
  readonly #book = new RateBook();
  #source: EventSource | null = null;
  #waiting: LiveCall[] = [];
  #state: LiveState = {
    link: 'connecting',
    rows: [],
    seen: 0,
    missed: 0,
    rates: this.#book.read(Date.now()),
    retryAtMs: null,
    gap: null,
  };
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #draw: ReturnType<typeof setInterval> | null = null;
  #missed = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns how to stop. */
  start(): () => void {
    document.addEventListener('visibilitychange', this.#onVisibility);
    this.#draw = setInterval(() => this.#flush(), DRAW_MS);
    this.#onVisibility();
    return () => {
      document.removeEventListener('visibilitychange', this.#onVisibility);
      if (this.#draw !== null) clearInterval(this.#draw);
      this.#close();
    };
  }

  /** Forgets what is shown. */
  clear(): void {
    this.#waiting = [];
    this.#missed = 0;
    this.#set({ rows: [], missed: 0, seen: 0, gap: null });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LiveState => this.#state;

  readonly #onVisibility = (): void => {
    if (document.visibilityState === 'hidden') {
      this.#close();
      this.#set({ link: 'away', retryAtMs: null, gap: this.#gapFrom(Date.now()) });
    } else if (this.#source === null) this.#open();
  };

  #open(): void {
    this.#close();
    this.#set({ link: this.#failures === 0 ? 'connecting' : 'lost', retryAtMs: null });
    const source = new EventSource(address(this.#path));
    this.#source = source;
    source.onopen = () => {
      this.#failures = 0;
      const { gap } = this.#state;
      this.#set({ link: 'open', retryAtMs: null, gap: gap?.toMs === null ? { ...gap, toMs: Date.now() } : gap });
    };
    source.addEventListener('calls', ({ data }: MessageEvent<string>) => {
      this.#waiting.push(...(JSON.parse(data) as LiveCall[]));
    });
    source.addEventListener('missed', ({ data }: MessageEvent<string>) => {
      this.#missed += Number(data) || 0;
    });
    source.onerror = () => {
      // The browser's own tries know no bound and say nothing: ours do.
      this.#close();
      const waitMs = backoffMs(this.#failures++, Math.random());
      const now = Date.now();
      this.#set({ link: 'lost', retryAtMs: now + waitMs, gap: this.#gapFrom(now) });
      this.#retry = setTimeout(() => this.#open(), waitMs);
    };
  }

  /** Where nothing was listened to yet nothing is missing; one that lasts began when it began. */
  #gapFrom(nowMs: number): LiveState['gap'] {
    const { link, gap } = this.#state;
    return link === 'open' ? { fromMs: nowMs, toMs: null } : gap;
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  #flush(): void {
    const now = Date.now();
    const batch = this.#waiting;
    this.#waiting = [];
    this.#book.add(batch, now);
    const { rows, seen, rates } = this.#state;
    const next = this.#book.read(now);
    // The chart moves once a second, also when nothing comes.
    const moved = next.startS !== rates.startS;
    if (batch.length === 0 && this.#missed === this.#state.missed && !moved) return;
    this.#set({
      rows: pushed(rows, batch),
      seen: seen + batch.length,
      missed: this.#missed,
      rates: moved ? next : rates,
    });
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
