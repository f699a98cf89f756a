import { useInfiniteQuery } from '@tanstack/react-query';
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
    placeholderData: (before) => before,
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
  const rows = asked.data?.pages.flatMap(({ items }) => items) ?? [];
  const more = asked.hasNextPage && !asked.isFetchingNextPage ? () => void asked.fetchNextPage() : undefined;
  return { ...asked, rows, total: asked.data?.pages[0]?.total ?? null, more };
}
