import { useRef } from 'react';

/**
 * Which line of a list somebody is at who goes through it one after the other: what they chose; else what they are reading, wherever it
 * stands by now, for others may come before it; else, when that is gone, what has its place. -1: there is none.
 */
export function usePlace(keys: readonly string[], chosen: string | undefined): number {
  const here = useRef<{ readonly key: string | undefined; readonly place: number }>({ key: undefined, place: 0 });
  const found = keys.indexOf(chosen ?? here.current.key ?? '');
  const at = found >= 0 ? found : Math.min(here.current.place, keys.length - 1);
  if (at >= 0) here.current = { key: keys[at], place: at };
  return at;
}
