import { useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Search } from './router.tsx';

/** Filters and tabs live in the address. An empty value takes the filter away. */
export function useFilters(): readonly [Search, (change: Readonly<Record<string, string | null | undefined>>) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const router = useRouter();
  const set = useCallback(
    (change: Readonly<Record<string, string | null | undefined>>) => {
      // The next page is being fetched while this one still stands, and its last keystrokes settle: they must not call the reader back.
      const { location, resolvedLocation } = router.state;
      if (resolvedLocation !== undefined && location.pathname !== resolvedLocation.pathname) return;
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
    [navigate, router],
  );
  return [search, set];
}
