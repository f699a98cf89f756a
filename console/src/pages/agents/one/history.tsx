import { History as Icon } from 'lucide-react';
import { useState } from 'react';
import type { Page } from '../../../../../src/model/insight/page.ts';
import type { HistoryRow } from '../../../../../src/ports/identity-stores.ts';
import { query } from '../../../api/client.ts';
import { useGet } from '../../../api/hooks.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Card } from '../../../kit/card.tsx';
import { Answered, Empty } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { pathOf } from '../entry.ts';
import { changesOf } from './changes.ts';

const STEP = 25;

/** Everything that was done to it: who, when, why, and what was another before. */
export function History({ id }: { id: string }) {
  const [limit, setLimit] = useState(STEP);
  const asked = useGet<Page<HistoryRow>>(`${pathOf(id)}/history${query({ limit })}`);
  return (
    <Answered query={asked} lines={8}>
      {({ items: history, next }) =>
        history.length === 0 ? (
          <Empty icon={Icon} title="Nothing was changed yet">
            It stands in interlock.yaml as it was written. Whatever is done to it here is kept, with who and why.
          </Empty>
        ) : (
          <>
            <ol className="space-y-3">
              {history.map((row) => (
                <li key={row.seq}>
                  <Change row={row} />
                </li>
              ))}
            </ol>
            {next !== null && limit < 1_000 && (
              <Button className="mt-4" onClick={() => setLimit(Math.min(1_000, limit * 4))}>
                Show older
              </Button>
            )}
          </>
        )
      }
    </Answered>
  );
}

function Change({ row }: { row: HistoryRow }) {
  const changes = changesOf(row.before, row.after);
  return (
    <Card className="p-4">
      <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone="accent">{row.act}</Badge>
        <span>
          <b className="font-semibold">{visible(row.by)}</b>
          <span className="text-soft">: {visible(row.reason)}</span>
        </span>
        <span className="ml-auto text-[13px] text-soft">
          version {row.version}, <Time ms={row.atMs} />
        </span>
      </header>
      {changes.length > 0 && (
        <dl className="mt-3 grid grid-cols-[minmax(5rem,auto)_1fr] gap-x-4 gap-y-1 text-[13px]">
          {changes.map(({ field, before, after }) => (
            <div key={field} className="contents">
              <dt className="text-soft">{field}</dt>
              <dd className="min-w-0">
                {before !== null && (
                  <del className="rounded bg-bad-tint px-1 text-bad no-underline">{visible(before)}</del>
                )}
                {before !== null && after !== null && <span className="text-soft"> → </span>}
                {after !== null && (
                  <ins className="rounded bg-good-tint px-1 text-good no-underline">{visible(after)}</ins>
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}
