import type { RecordView } from '../../../../src/model/insight/records.ts';
import { Effect } from '../../kit/badge.tsx';
import type { Column } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { AgentLink, CallLink, PersonLink } from '../../record/links.tsx';
import { codeWords, lineOf, type RecordLine } from '../../record/words.ts';

export const COLUMNS: readonly Column<RecordView>[] = [
  {
    id: 'seq',
    head: 'No.',
    width: '4.5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ seq }) => <span className="text-soft">{seq}</span>,
  },
  {
    id: 'time',
    head: 'Time',
    width: '9.5rem',
    wideOnly: true,
    cell: ({ time }) => <Time ms={Date.parse(time)} look="stamp" />,
  },
  { id: 'what', head: 'What', width: '5.5rem', cell: ({ record }) => <Effect of={lineOf(record).what} /> },
  { id: 'title', head: 'On', width: 'minmax(8rem,2fr)', cell: (row) => <Title row={row} /> },
  {
    id: 'who',
    head: 'By',
    width: 'minmax(6rem,1fr)',
    wideOnly: true,
    cell: ({ record }) => <Who line={lineOf(record)} />,
  },
  {
    id: 'note',
    head: 'Why',
    width: 'minmax(7rem,1.4fr)',
    wideOnly: true,
    cell: ({ record }) => <Note line={lineOf(record)} />,
  },
];

function Title({ row: { record, time } }: { row: RecordView }) {
  const line = lineOf(record);
  return (
    <>
      <span className="block truncate">
        {line.whoIs === null && line.call !== null ? (
          <>
            <span className="text-soft">of call </span>
            <CallLink id={line.call} />
          </>
        ) : (
          <span className={line.what === 'act' ? 'font-mono text-[0.92em]' : undefined}>{visible(line.title)}</span>
        )}
      </span>
      <span className="block truncate text-xs text-soft md:hidden">
        <Time ms={Date.parse(time)} look="stamp" /> <Who line={line} />
      </span>
    </>
  );
}

function Who({ line: { who, whoIs } }: { line: RecordLine }) {
  if (who === null) return null;
  return whoIs === 'agent' ? <AgentLink id={who} /> : <PersonLink id={who} />;
}

function Note({ line: { note } }: { line: RecordLine }) {
  if (note === null) return null;
  return (
    <span className="text-soft" title={codeWords(note) ?? undefined}>
      {visible(note)}
    </span>
  );
}
