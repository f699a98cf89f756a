import { Check, CircleAlert, X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { cn } from './cn.ts';
import { visible } from './visible.ts';

export interface Said {
  readonly tone: 'good' | 'bad';
  readonly text: string;
  /** Takes it back, where that is possible. */
  readonly undo?: { readonly words: string; run: () => void };
}

interface Shown extends Said {
  readonly id: number;
}

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();
const SHOW_MS = 6_000;
const SHOW_UNDO_MS = 12_000;

/** Says what happened, for a while, without taking anybody's focus. */
export function toast(said: Said): void {
  const id = ++last;
  set([...shown.slice(-3), { ...said, id }]);
  setTimeout(() => drop(id), said.undo === undefined ? SHOW_MS : SHOW_UNDO_MS);
}

function drop(id: number): void {
  set(shown.filter((each) => each.id !== id));
}

function set(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const all = useSyncExternalStore(subscribe, () => shown);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 top-3 z-50 flex flex-col items-center gap-2 px-4 sm:top-auto sm:bottom-4"
    >
      {all.map(({ id, tone, text, undo }) => (
        <div
          key={id}
          className={cn(
            'pointer-events-auto flex w-full max-w-md animate-[appear_150ms_ease-out] items-center gap-3 rounded-xl border bg-card px-4 py-3 shadow-lg',
            tone === 'bad' ? 'border-bad-line' : 'border-good-line',
          )}
        >
          {tone === 'good' ? (
            <Check className="size-4 shrink-0 text-good" aria-hidden />
          ) : (
            <CircleAlert className="size-4 shrink-0 text-bad" aria-hidden />
          )}
          <span className="min-w-0 flex-1">{visible(text)}</span>
          {undo !== undefined && (
            <button
              type="button"
              className="font-semibold text-accent hover:underline"
              onClick={() => {
                drop(id);
                undo.run();
              }}
            >
              {undo.words}
            </button>
          )}
          <button type="button" aria-label="Dismiss" className="text-soft hover:text-ink" onClick={() => drop(id)}>
            <X className="size-4" aria-hidden />
          </button>
        </div>
      ))}
    </div>
  );
}
