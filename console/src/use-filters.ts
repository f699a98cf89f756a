import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from './router.tsx';
import { useHere } from './use-here.ts';

/** Filters and tabs live in the address. An empty value takes the filter away. */
export function useFilters(): readonly [Search, (change: Readonly<Record<string, string | null | undefined>>) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const router = useRouter();
  const isHere = useHere();
  const set = useCallback(
    (change: Readonly<Record<string, string | null | undefined>>) => {
      // The next page is being fetched while this one still stands, and its last keystrokes settle; or this one is gone, and only now
      // answered: neither must call the reader back, nor change the address of the page they are on by now.
      const { location, resolvedLocation } = router.state;
      if (!isHere() || (resolvedLocation !== undefined && location.pathname !== resolvedLocation.pathname)) return;
      void navigate({
        to: '.',
        replace: true,
        search: ((before: Search) => {
          const all = { ...before, ...change };
          return Object.fromEntries(
            Object.entries(all).filter(([, value]) => value !== null && value !== undefined && value !== ''),
          );
        }) as never,
      });
    },
    [navigate, router, isHere],
  );
  return [search, set];
}
