import { FileSearch, Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { IndexStatus, RecordView } from '../../../../src/model/insight/records.ts';
import { useGet } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Choice, Input, SearchBox } from '../../kit/field.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { DataTable } from '../../kit/table.tsx';
import { visible } from '../../kit/text.tsx';
import { count } from '../../kit/time.tsx';
import { SPANS, useSince } from '../../record/span.ts';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { COLUMNS } from './columns.tsx';
import { chipsOf, FIELDS, type Field, filtersOf, readTyped, VALUES, valueWords } from './query.ts';
import { RecordDrawer } from './record-drawer.tsx';

export function RecordSearch() {
  const [search, set] = useFilters();
  const { since, seq } = search;
  const { fromMs, hold } = useSince(since);
  const list = usePages<RecordView>('/v1/records', { ...filtersOf(search), fromMs }, { everyMs: 20_000 });
  hold((list.data?.pages.length ?? 0) > 1);
  const filtered = chipsOf(search).length > 0 || (search.q ?? '') !== '' || since !== undefined;
  return (
    <>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <SearchBox
          label="Search the record"
          placeholder="Words, ids, codes, reasons; or agent:buyer, tool:…, act:…"
          value={search.q ?? ''}
          // Whoever writes the value of a filter is given the time to end it.
          pauseMs={(text) => (/\w:\S*$/.test(text) ? 1_200 : 200)}
          onChange={(text) => {
            const { words, filters } = readTyped(text);
            set({ q: words, ...filters });
            return words;
          }}
        />
        <AddFilter onAdd={(field, value) => set({ [field]: value })} />
        <Choice aria-label="When" value={since ?? ''} onChange={(event) => set({ since: event.target.value })}>
          <option value="">At any time</option>
          {SPANS.map(({ id, words }) => (
            <option key={id} value={id}>
              {words}
            </option>
          ))}
        </Choice>
      </div>
      <Chips />
      <Indexing />
      {list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.isPending ? (
        <Loading lines={12} />
      ) : list.rows.length === 0 ? (
        <Empty icon={FileSearch} title={filtered ? 'No record fits all of this' : 'Nothing is recorded yet'}>
          {filtered
            ? 'All words must be in the record, and every filter must fit exactly.'
            : 'The first record is written when the gateway starts; each call of an agent adds to it.'}
        </Empty>
      ) : (
        <DataTable
          label="Records"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={(row) => String(row.seq)}
          selected={seq ?? null}
          rowHeight={42}
          onOpen={(row) => set({ seq: String(row.seq) })}
          onEnd={list.more}
          footer={`${count(list.rows.length)} shown, newest first${list.hasNextPage ? '; more as you scroll' : ''}`}
        />
      )}
      {seq !== undefined && /^\d{1,16}$/.test(seq) && (
        <RecordDrawer seq={Number(seq)} onClose={() => set({ seq: null })} />
      )}
    </>
  );
}

function Chips() {
  const [search, set] = useFilters();
  const chips = chipsOf(search);
  if (chips.length === 0) return <div className="mb-2" />;
  return (
    <ul aria-label="Filters" className="mb-3 flex flex-wrap gap-1.5">
      {chips.map((chip) => (
        <li key={chip.field}>
          <span className="inline-flex items-center gap-1 rounded-lg border border-edge/60 bg-card py-0.5 pr-0.5 pl-2 text-[13px]">
            <span className="text-soft">{FIELDS[chip.field]}:</span> {visible(valueWords(chip))}
            <button
              type="button"
              aria-label={`Remove the filter ${FIELDS[chip.field]}`}
              className="grid size-6 place-items-center rounded-md text-soft hover:bg-sunk hover:text-ink"
              onClick={() => set({ [chip.field]: null })}
            >
              <X className="size-3.5" aria-hidden />
            </button>
          </span>
        </li>
      ))}
      {chips.length > 1 && (
        <li>
          <Button
            look="quiet"
            size="small"
            onClick={() => set(Object.fromEntries(chips.map(({ field }) => [field, null])))}
          >
            Clear
          </Button>
        </li>
      )}
    </ul>
  );
}

function AddFilter({ onAdd }: { onAdd: (field: Field, value: string) => void }) {
  const [field, setField] = useState<Field | ''>('');
  const [value, setValue] = useState('');
  const values = field === '' ? undefined : VALUES[field];
  const add = (given: string): void => {
    if (field !== '' && given.trim() !== '') onAdd(field, given.trim());
    setField('');
    setValue('');
  };
  return (
    <form
      className="flex flex-wrap items-center gap-1.5 max-sm:grow"
      onSubmit={(event) => {
        event.preventDefault();
        add(value);
      }}
    >
      <Choice aria-label="Add a filter" value={field} onChange={(event) => setField(event.target.value as Field | '')}>
        <option value="">Add a filter…</option>
        {(Object.keys(FIELDS) as Field[]).map((each) => (
          <option key={each} value={each}>
            {FIELDS[each]}
          </option>
        ))}
      </Choice>
      {field !== '' &&
        (values === undefined ? (
          <>
            <Input
              autoFocus
              aria-label={`${FIELDS[field]} is exactly`}
              placeholder="is exactly"
              className="w-40"
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
            <Button type="submit" size="icon" aria-label="Add">
              <Plus aria-hidden />
            </Button>
          </>
        ) : (
          <Choice autoFocus aria-label={FIELDS[field]} value="" onChange={(event) => add(event.target.value)}>
            <option value="">is…</option>
            {values.map(([each, words]) => (
              <option key={each} value={each}>
                {words}
              </option>
            ))}
          </Choice>
        ))}
    </form>
  );
}

/** Says when not everything can be found yet. */
function Indexing() {
  const status = useGet<IndexStatus>('/v1/index', { everyMs: 10_000 }).data;
  if (status === undefined || status.state === 'current') return null;
  const behind = Math.max(0, status.records - status.indexed);
  return (
    <p role="status" className="mb-3 flex flex-wrap items-center gap-2 text-[13px]">
      <Badge tone={status.state === 'failed' ? 'bad' : 'warn'}>
        {status.state === 'failed' ? 'Not searchable' : 'Catching up'}
      </Badge>
      {status.state === 'failed'
        ? (status.message ?? 'The index of the record failed. The record itself is whole.')
        : `${count(status.indexed)} of ${count(status.records)} records can be found; the newest ${count(behind)} follow in a moment.`}
    </p>
  );
}
