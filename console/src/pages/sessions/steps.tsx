import type { CallView } from '../../../../src/model/insight/records.ts';
import { type Column, DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { duration, Time } from '../../kit/time.tsx';
import { AgentLink } from '../../record/links.tsx';
import { StandBadge } from '../../record/stand.tsx';
import { nameOfCall, standOf } from '../../record/words.ts';

const COLUMNS: readonly Column<CallView>[] = [
  { id: 'time', head: 'Time', width: '4.5rem', wideOnly: true, cell: ({ atMs }) => <Time ms={atMs} look="clock" /> },
  { id: 'stand', head: 'Stands', width: '8.5rem', cell: (call) => <StandBadge of={standOf(call)} /> },
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(6rem,1fr)',
    wideOnly: true,
    cell: ({ agent }) => <AgentLink id={agent} />,
  },
  { id: 'on', head: 'On', width: 'minmax(8rem,2fr)', cell: (call) => visible(nameOfCall(call)) },
  {
    id: 'took',
    head: 'Took',
    width: '5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ timingsUs }) => (timingsUs === null ? '' : duration(timingsUs.total / 1000)),
  },
];

interface StepsProps {
  readonly calls: readonly CallView[];
  readonly at: string | null;
  readonly onChoose: (call: string) => void;
  readonly onEnd?: (() => void) | undefined;
}

/** The calls as a list. */
export function Steps({ calls, at, onChoose, onEnd }: StepsProps) {
  return (
    <DataTable
      label="Calls"
      columns={COLUMNS}
      rows={calls}
      keyOf={({ call }) => call}
      selected={at}
      rowHeight={38}
      height="30rem"
      onOpen={({ call }) => onChoose(call)}
      onEnd={onEnd}
    />
  );
}
