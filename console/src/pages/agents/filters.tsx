import { ListFilter, X } from 'lucide-react';
import { useCallback, useState } from 'react';
import type { AgentLine } from '../../../../src/model/insight/agents.ts';
import { Button } from '../../kit/button.tsx';
import { cn } from '../../kit/cn.ts';
import { Choice, SearchBox, useTyped } from '../../kit/field.tsx';
import { Suggest } from '../../kit/pick.tsx';
import type { Search } from '../../router.tsx';
import type { useFilters } from '../../use-filters.ts';
import { ARCHETYPES, filtersOf, NO_FILTERS, RISKS, STATES } from './words.ts';

interface FilterProps {
  readonly search: Search;
  readonly set: ReturnType<typeof useFilters>[1];
  /** What is loaded: its owners and departments are proposed. */
  readonly rows: readonly AgentLine[];
}

const CHOICES: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  ['state', 'Any state', STATES.map((state) => [state, capital(state)])],
  ['riskTier', 'Any risk', RISKS.map((risk) => [risk, `${capital(risk)} risk`])],
  ['archetype', 'Any kind', Object.entries(ARCHETYPES)],
  [
    'lock',
    'Stopped or not',
    [
      ['any', 'Any lock'],
      ['halt', 'Halted'],
      ['pause', 'Paused'],
      ['watch', 'Watched'],
    ],
  ],
  [
    'origin',
    'Any origin',
    [
      ['registry', 'Registry'],
      ['configuration', 'interlock.yaml'],
    ],
  ],
];

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** All of them in the address, so that a link shows what its sender saw. */
export function AgentFilters({ search, set, rows }: FilterProps) {
  const onSearch = useCallback((text: string) => set({ search: text }), [set]);
  const known = (of: (line: AgentLine) => string | null) =>
    [...new Set(rows.slice(0, 2_000).map(of))].filter((each) => each !== null).sort();
  const active = Object.keys(filtersOf(search)).length;
  const [open, setOpen] = useState(false);
  return (
    <div role="search" aria-label="Filter agents" className="mb-3 space-y-2">
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox
          label="Search agents"
          placeholder="Search by name, id or purpose"
          value={search.search ?? ''}
          onChange={onSearch}
        />
        <Button className="md:hidden" aria-expanded={open} onClick={() => setOpen(!open)}>
          <ListFilter aria-hidden /> Filters{active > 0 && ` (${active})`}
        </Button>
        <TextFilter
          label="Owner"
          value={search.owner ?? ''}
          onChange={(owner) => set({ owner })}
          options={known(({ owner }) => owner)}
        />
        <TextFilter
          label="Department"
          value={search.department ?? ''}
          onChange={(department) => set({ department })}
          options={known(({ department }) => department)}
        />
      </div>
      <div className={cn('flex-wrap items-center gap-2 md:flex', open ? 'flex' : 'hidden')}>
        {CHOICES.map(([name, any, options]) => (
          <Choice
            key={name}
            aria-label={any}
            value={search[name] ?? ''}
            className={cn('flex-1 sm:flex-none', search[name] && 'border-accent bg-accent-tint text-accent')}
            onChange={(event) => set({ [name]: event.target.value })}
          >
            <option value="">{any}</option>
            {options.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </Choice>
        ))}
        {search.template !== undefined && (
          <Chip words={`Template ${search.template}`} onDrop={() => set({ template: null })} />
        )}
        {search.expiresBeforeMs !== undefined && (
          <Chip
            words={`Ends before ${new Date(Number(search.expiresBeforeMs)).toLocaleDateString()}`}
            onDrop={() => set({ expiresBeforeMs: null })}
          />
        )}
        {active > 0 && (
          <Button look="quiet" onClick={() => set(NO_FILTERS)}>
            <X aria-hidden /> Clear
          </Button>
        )}
      </div>
    </div>
  );
}

/** Exact: taken over when it is left, chosen or confirmed. */
function TextFilter({
  label,
  value,
  onChange,
  options,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly string[];
}) {
  const { text, setText, tell } = useTyped(value, onChange);
  return (
    <Suggest
      aria-label={label}
      placeholder={label}
      value={text}
      className="hidden w-40 md:block"
      options={options.map((each) => ({ value: each }))}
      onChange={(event) => {
        const typed = event.target.value;
        setText(typed);
        if (typed === '' || options.includes(typed)) tell(typed);
      }}
      onBlur={() => {
        if (text.trim() !== value) tell(text.trim());
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') tell(text.trim());
      }}
    />
  );
}

function Chip({ words, onDrop }: { words: string; onDrop: () => void }) {
  return (
    <button
      type="button"
      onClick={onDrop}
      aria-label={`Remove: ${words}`}
      className="inline-flex h-9 items-center gap-1.5 rounded-lg bg-accent-tint px-3 text-[13px] font-medium text-accent"
    >
      {words} <X className="size-3.5" aria-hidden />
    </button>
  );
}
