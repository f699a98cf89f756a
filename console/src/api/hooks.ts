import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Page } from '../../../src/model/insight/page.ts';
import type { Me, Permission } from '../../../src/model/insight/roles.ts';
import { toast } from '../kit/toast.tsx';
import { ApiProblem, type Change, change, get, me } from './client.ts';

export function useMe() {
  return useQuery({ queryKey: ['me'], queryFn: me, staleTime: 60_000, refetchInterval: 60_000 });
}

/** Whether this person may; `false` while it is not known. */
export function useMay(): (permission: Permission) => boolean {
  const who = useMe().data as Me | undefined;
  return (permission) => who?.permissions.includes(permission) ?? false;
}

interface Asked {
  readonly state: { readonly error: unknown };
}

/** What is not there is not asked for again and again. */
export const isMissing = (error: unknown): boolean => error instanceof ApiProblem && error.status === 404;

/** A GET of the API under its path. `everyMs`: asked again and again while the page is looked at. */
export function useGet<T>(path: string, { everyMs, enabled = true }: { everyMs?: number; enabled?: boolean } = {}) {
  return useQuery({
    queryKey: ['get', path],
    queryFn: ({ signal }) => get<T>(path, signal),
    enabled,
    refetchInterval: ({ state }: Asked) => (everyMs === undefined || isMissing(state.error) ? false : everyMs),
  });
}

/** Of lists that are shown whole. */
const MOST_PAGES = 20;

/** Every item of a list that is short enough to be shown whole. */
export function useEvery<T>(path: string, { everyMs, enabled = true }: { everyMs?: number; enabled?: boolean } = {}) {
  return useQuery({
    queryKey: ['get', path, 'every'],
    queryFn: async ({ signal }): Promise<readonly T[]> => {
      const items: T[] = [];
      const sign = path.includes('?') ? '&' : '?';
      for (let pages = 0, cursor = ''; pages < MOST_PAGES; pages++) {
        const page = await get<Page<T>>(`${path}${sign}limit=1000${cursor}`, signal);
        items.push(...page.items);
        if (page.next === null) break;
        cursor = `&cursor=${encodeURIComponent(page.next)}`;
      }
      return items;
    },
    enabled,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
}

/**
 * A change, after which everything shown is asked for again: what is on the page is what the gateway says, never what we hope.
 * `done`: said to the person when it worked.
 */
export function useChange<T = unknown>({
  done,
  onDone,
}: {
  done?: string | ((answer: T) => string);
  onDone?: (answer: T) => void;
} = {}) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (what: Change) => change<T>(what),
    onSuccess: (answer) => {
      // Not waited for: a long list takes its time, and what was done is done.
      void client.invalidateQueries({ queryKey: ['get'] });
      if (done !== undefined) toast({ tone: 'good', text: typeof done === 'function' ? done(answer) : done });
      onDone?.(answer);
    },
  });
}
