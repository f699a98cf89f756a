import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Page } from '../../src/model/insight/page.ts';
import { get, query } from './api/client.ts';

/** A list, page by page, as it is scrolled. `total`: where the gateway counts. */
export function usePages<T>(
  path: string,
  filters: Readonly<Record<string, string | number | boolean | null | undefined>>,
  { limit = 100, everyMs }: { limit?: number; everyMs?: number } = {},
) {
  const asked = useInfiniteQuery({
    queryKey: ['get', path, filters, limit],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T> & { total?: number }>(`${path}${query({ ...filters, limit, cursor: pageParam })}`, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    // While other filters are asked for. What is listed of another thing says nothing of this one.
    placeholderData: (before, of) => (of?.queryKey[1] === path ? before : undefined),
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
  const rows = asked.data?.pages.flatMap(({ items }) => items) ?? [];
  // What failed is asked for again by whoever wants it, not by the page that is drawn anew because it failed.
  const mayGoOn = asked.hasNextPage && !asked.isFetchingNextPage && asked.error === null;
  const more = mayGoOn ? () => void asked.fetchNextPage() : undefined;
  // A page ends early when it was work enough: none found so far is not none.
  const looking = rows.length === 0 && asked.hasNextPage && asked.error === null;
  const { fetchNextPage, isFetching } = asked;
  useEffect(() => {
    if (looking && !isFetching) void fetchNextPage();
  }, [looking, isFetching, fetchNextPage]);
  return {
    ...asked,
    ...(looking ? { data: undefined, isPending: true } : {}),
    rows,
    total: asked.data?.pages[0]?.total ?? null,
    more,
  };
}
