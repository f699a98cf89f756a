import type { LiveCall } from '../../../../src/model/insight/records.ts';
import { Effect } from '../../kit/badge.tsx';
import type { Column } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { duration, Time } from '../../kit/time.tsx';
import { AgentLink, PersonLink } from '../../record/links.tsx';
import { codeWords } from '../../record/words.ts';

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
      what === 'act' ? '' : subject === null ? <span className="text-soft">itself</span> : <PersonLink id={subject} />,
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
  if (what !== 'act') return <AgentLink id={agent} />;
  return subject === null ? null : <PersonLink id={subject} />;
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
