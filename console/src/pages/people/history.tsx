import { Link } from '@tanstack/react-router';
import type { Page } from '../../../../src/model/insight/page.ts';
import { useGet } from '../../api/hooks.ts';
import { Panel } from '../../kit/card.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';

interface Row {
  readonly atMs: number;
  readonly by: string;
  readonly act: string;
  readonly reason: string;
  readonly version: number;
}

/** What changed about somebody, when, by whom and why. */
export function History({ person }: { person: string }) {
  const asked = useGet<Page<Row>>(`/v1/people/${encodeURIComponent(person)}/history?limit=1000`);
  return (
    <Answered query={asked}>
      {({ items: history }) => (
        <Panel
          title="Changes"
          bodyClass="p-0"
          actions={
            <Link to="/audit" search={{ person }} className="text-[13px] underline">
              Everything on record
            </Link>
          }
        >
          {history.length === 0 ? (
            <Empty title="Nothing has changed">They are as the configuration says.</Empty>
          ) : (
            <ul>
              {history.map(({ atMs, by, act, reason, version }) => (
                <li key={version} className="flex flex-wrap gap-x-4 gap-y-0.5 border-b px-4 py-2 last:border-0">
                  <span className="w-40 shrink-0 text-soft">
                    <Time ms={atMs} />
                  </span>
                  <Code className="w-44 shrink-0">{act}</Code>
                  <span className="min-w-0 flex-1">
                    {visible(reason)} <span className="text-soft">by {visible(by)}</span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Panel>
      )}
    </Answered>
  );
}
