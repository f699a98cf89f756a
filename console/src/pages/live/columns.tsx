import { useNavigate } from '@tanstack/react-router';
import type { MouseEvent } from 'react';
import type { LiveCall } from '../../../../src/model/insight/records.ts';
import { Effect } from '../../kit/badge.tsx';
import type { Column } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { duration, Time } from '../../kit/time.tsx';
import { codeWords } from '../../record/words.ts';

/** The router's own links watch where one is, which nobody needs a hundred times a second. */
function Quick({ to, children }: { to: '/agents/$id' | '/people/$id'; children: string }) {
  const navigate = useNavigate();
  const onClick = (event: MouseEvent): void => {
    event.stopPropagation();
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    void navigate({ to, params: { id: children } });
  };
  return (
    <a
      href={`/console${to.replace('$id', encodeURIComponent(children))}`}
      onClick={onClick}
      className="text-accent underline-offset-2 hover:underline"
    >
      {visible(children)}
    </a>
  );
}

/** Rows are drawn four times a second: nothing in them does more than write text. */
export const COLUMNS: readonly Column<LiveCall>[] = [
  { id: 'time', head: 'Time', width: '5.75rem', wideOnly: true, cell: ({ atMs }) => <Time ms={atMs} look="clock" /> },
  { id: 'what', head: 'What', width: '5.5rem', cell: ({ what }) => <Effect of={what} /> },
  { id: 'who', head: 'By', width: 'minmax(6rem,1fr)', wideOnly: true, cell: (row) => <Who row={row} /> },
  { id: 'target', head: 'On', width: 'minmax(7rem,2fr)', cell: (row) => <Target row={row} /> },
  {
    id: 'for',
    head: 'For',
    width: 'minmax(5rem,.8fr)',
    wideOnly: true,
    cell: ({ subject, what }) =>
      what === 'act' ? (
        ''
      ) : subject === null ? (
        <span className="text-soft">itself</span>
      ) : (
        <Quick to="/people/$id">{subject}</Quick>
      ),
  },
  { id: 'code', head: 'Why', width: 'minmax(6rem,1fr)', wideOnly: true, cell: (row) => <Why row={row} /> },
  {
    id: 'total',
    head: 'Took',
    width: '5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ totalUs }) => (totalUs === null ? '' : duration(totalUs / 1000)),
  },
];

function Who({ row: { agent, subject, what } }: { row: LiveCall }) {
  if (what !== 'act') return <Quick to="/agents/$id">{agent}</Quick>;
  return subject === null ? null : <Quick to="/people/$id">{subject}</Quick>;
}

function Target({ row }: { row: LiveCall }) {
  const { server, target, action, what, atMs } = row;
  return (
    <>
      <span className="block truncate">
        {what === 'act' && `${visible(action)} `}
        {server !== '' && <span className="text-soft">{visible(server)}/</span>}
        {visible(target ?? (what === 'act' ? '' : action))}
      </span>
      <span className="block truncate text-xs text-soft md:hidden">
        <Time ms={atMs} look="clock" /> <Who row={row} />
      </span>
    </>
  );
}

/** What went as it should needs no reason. */
function Why({ row: { what, code } }: { row: LiveCall }) {
  if (code === null || code === 'ok' || what === 'permitted') return null;
  return (
    <span title={codeWords(code) ?? undefined} className="text-soft">
      {visible(code)}
    </span>
  );
}
