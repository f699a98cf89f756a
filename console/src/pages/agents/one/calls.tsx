import { Link, useNavigate } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import type { Page } from '../../../../../src/model/insight/page.ts';
import type { RecordView, SessionLine } from '../../../../../src/model/insight/records.ts';
import type { IntentRecord, RefusalRecord } from '../../../../../src/model/record.ts';
import { query } from '../../../api/client.ts';
import { useGet } from '../../../api/hooks.ts';
import { Badge, Effect } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Panel } from '../../../kit/card.tsx';
import { Answered, Empty } from '../../../kit/states.tsx';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { visible } from '../../../kit/text.tsx';
import { count, Time } from '../../../kit/time.tsx';

const FEW = 12;

/** What it did: its newest sessions and calls, and the way to all of them. */
export function Calls({ id }: { id: string }) {
  return (
    <div className="space-y-4">
      <Sessions id={id} />
      <Recent id={id} />
    </div>
  );
}

function Sessions({ id }: { id: string }) {
  const sessions = useGet<Page<SessionLine>>(`/v1/sessions/history${query({ agent: id, limit: FEW })}`, {
    everyMs: 5_000,
  });
  return (
    <Panel
      title="Sessions"
      actions={
        <Button size="small" asChild>
          <Link to="/sessions" search={{ agent: id } as never}>
            All sessions
          </Link>
        </Button>
      }
    >
      <Answered query={sessions} lines={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={ListTree} title="No session yet">
              A session begins when the agent connects; its calls are told as one story.
            </Empty>
          ) : (
            <ul className="-m-4 divide-y">
              {items.map((session) => (
                <li key={session.id}>
                  <Link
                    to="/sessions/$id"
                    params={{ id: session.id }}
                    className="flex flex-wrap items-center gap-x-4 gap-y-0.5 px-4 py-2 text-[13px] hover:bg-sunk"
                  >
                    <span className="font-mono text-xs">{session.id.slice(0, 18)}</span>
                    {session.open && <Badge tone="good">Open</Badge>}
                    <span className="tabular">{count(session.calls)} calls</span>
                    {session.asked > 0 && <span className="tabular text-warn">{session.asked} asked</span>}
                    {session.denied > 0 && <span className="tabular text-bad">{session.denied} denied</span>}
                    {session.subject !== null && <span className="text-soft">for {visible(session.subject)}</span>}
                    <span className="ml-auto text-soft">
                      <Time ms={session.lastAtMs} look="ago" />
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </Panel>
  );
}

type Call = Omit<RecordView, 'record'> & { readonly record: IntentRecord | RefusalRecord };

function isCall(view: RecordView): view is Call {
  return view.record.type === 'intent' || view.record.type === 'refusal';
}

function Recent({ id }: { id: string }) {
  const navigate = useNavigate();
  const records = useGet<Page<RecordView>>(`/v1/records${query({ agent: id, limit: 100 })}`, { everyMs: 5_000 });
  return (
    <section>
      <header className="mb-2 flex items-center justify-between gap-2">
        <h2 className="text-[15px] font-semibold">Recent calls</h2>
        <Button size="small" asChild>
          <Link to="/audit" search={{ agent: id } as never}>
            All its records
          </Link>
        </Button>
      </header>
      <Answered query={records} lines={8}>
        {({ items }) => {
          const calls = items.filter(isCall);
          return calls.length === 0 ? (
            <Empty title="No call yet">Every call it makes is here, permitted or refused, with why.</Empty>
          ) : (
            <DataTable
              label="Recent calls"
              columns={COLUMNS}
              rows={calls}
              height="28rem"
              keyOf={({ seq }) => String(seq)}
              onOpen={({ record }) => void navigate({ to: '/calls/$id', params: { id: record.call } })}
            />
          );
        }}
      </Answered>
    </section>
  );
}

const COLUMNS: readonly Column<Call>[] = [
  {
    id: 'at',
    head: 'Time',
    width: '4.5rem',
    wideOnly: true,
    cell: ({ time }) => <Time ms={Date.parse(time)} look="clock" />,
  },
  { id: 'effect', head: 'Decision', width: '5.5rem', cell: ({ record }) => <Effect of={record.decision.effect} /> },
  {
    id: 'what',
    head: 'What',
    width: 'minmax(9rem,1.5fr)',
    cell: ({ time, record: { server, target, action } }) => (
      <>
        <span className="block truncate font-mono text-[13px]">
          <span className="text-soft">{visible(server)}/</span>
          {visible(target ?? action)}
        </span>
        <span className="block truncate text-xs text-soft md:hidden">
          <Time ms={Date.parse(time)} look="stamp" />
        </span>
      </>
    ),
  },
  {
    id: 'why',
    head: 'Because of',
    width: 'minmax(8rem,1.5fr)',
    wideOnly: true,
    cell: ({ record: { decision } }) => (
      <span className="text-soft">{visible(decision.reasons.join(', ') || decision.code)}</span>
    ),
  },
  {
    id: 'subject',
    head: 'For',
    width: '8rem',
    wideOnly: true,
    cell: ({ record: { subject } }) => (
      <span className="text-soft">{subject === null ? 'itself' : visible(subject)}</span>
    ),
  },
];
