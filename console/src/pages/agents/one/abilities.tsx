import { Link } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { AgentPermissions, PolicyPart, ToolPermission } from '../../../../../src/model/insight/agents.ts';
import { useGet } from '../../../api/hooks.ts';
import { Badge, State, type Tone } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Facts } from '../../../kit/card.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { Choice, SearchBox } from '../../../kit/field.tsx';
import { Answered, Empty } from '../../../kit/states.tsx';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { useFilters } from '../../../use-filters.ts';
import { pathOf } from '../entry.ts';
import { type AbilityFilter, countsOf, OUTCOMES, shortName, shownAbilities } from './ability-filter.ts';

const TONES: Readonly<Record<ToolPermission['outcome'], Tone>> = {
  always: 'good',
  depends: 'accent',
  ask: 'warn',
  never: 'plain',
};

/** What it can do: computed from what is in force, with the policy behind each line. */
export function Abilities({ id }: { id: string }) {
  const permissions = useGet<AgentPermissions>(`${pathOf(id)}/permissions`);
  return (
    <Answered query={permissions} lines={10}>
      {(data) => <AbilityList data={data} />}
    </Answered>
  );
}

function AbilityList({ data }: { data: AgentPermissions }) {
  const [search, set] = useFilters();
  const [open, setOpen] = useState<ToolPermission | null>(null);
  const filter: AbilityFilter = {
    outcome: search.outcome ?? '',
    effect: search.effect ?? '',
    server: search.server ?? '',
    q: search.q ?? '',
  };
  const { outcome, effect, server, q } = filter;
  const shown = useMemo(
    () => shownAbilities(data.tools, { outcome, effect, server, q }),
    [data, outcome, effect, server, q],
  );
  const counts = useMemo(() => countsOf(data.tools), [data]);
  if (data.tools.length === 0)
    return (
      <Empty icon={KeyRound} title="There is no tool it could call">
        Tools of the servers it may reach appear here once they have been listed and accepted.
      </Empty>
    );
  const pick = (name: string, values: readonly string[]) => (
    <Choice
      aria-label={`Any ${name}`}
      value={search[name] ?? ''}
      onChange={(event) => set({ [name]: event.target.value })}
    >
      <option value="">Any {name}</option>
      {values.map((value) => (
        <option key={value}>{value}</option>
      ))}
    </Choice>
  );
  return (
    <>
      <div className="mb-3 grid grid-cols-2 gap-2 lg:grid-cols-4" role="group" aria-label="By outcome">
        {OUTCOMES.map(([name, words, says]) => (
          <button
            key={name}
            type="button"
            aria-pressed={outcome === name}
            onClick={() => set({ outcome: outcome === name ? null : name })}
            className="rounded-xl border bg-card px-4 py-3 text-left shadow-card hover:border-edge aria-pressed:border-accent aria-pressed:bg-accent-tint"
          >
            <span className="flex items-baseline justify-between gap-2">
              <span className="font-medium">{words}</span>
              <span className="tabular text-lg font-semibold">{counts[name]}</span>
            </span>
            <span className="hidden text-[13px] text-soft sm:block">{says}</span>
          </button>
        ))}
      </div>
      <div role="search" aria-label="Filter what it can do" className="mb-3 flex flex-wrap gap-2">
        <SearchBox
          label="Search tools and policies"
          value={q}
          onChange={(text) => set({ q: text })}
          className="basis-full sm:basis-auto"
        />
        {pick('effect', [...new Set(data.tools.flatMap((tool) => tool.effect ?? []))].sort())}
        {pick('server', [...new Set(data.tools.map((tool) => tool.server))].sort())}
      </div>
      {shown.length === 0 ? (
        <Empty
          title="Nothing matches"
          action={
            <Button onClick={() => set({ outcome: null, effect: null, server: null, q: null })}>
              Clear the filters
            </Button>
          }
        />
      ) : (
        <DataTable
          label="What it can do"
          columns={COLUMNS}
          rows={shown}
          keyOf={({ server: at, tool }) => `${at}/${tool}`}
          onOpen={setOpen}
          footer={
            <>
              {shown.length} of {data.tools.length} tools · policies <Code>{data.policyVersion.slice(0, 12)}</Code>
            </>
          }
        />
      )}
      {open !== null && <AbilityDialog ability={open} onClose={() => setOpen(null)} />}
    </>
  );
}

const COLUMNS: readonly Column<ToolPermission>[] = [
  {
    id: 'outcome',
    head: 'Outcome',
    width: '6.5rem',
    cell: ({ outcome }) => <Badge tone={TONES[outcome]}>{OUTCOMES.find(([name]) => name === outcome)?.[1]}</Badge>,
  },
  {
    id: 'tool',
    head: 'Tool',
    width: 'minmax(11rem,1.4fr)',
    cell: ({ server, tool, pin }) => (
      <span className="inline-flex max-w-full items-center gap-2">
        <span className="truncate font-mono text-[13px]">
          <span className="text-soft">{visible(server)}/</span>
          {visible(tool)}
        </span>
        {pin !== 'pinned' && <State of={pin} />}
      </span>
    ),
  },
  {
    id: 'effect',
    head: 'Effect',
    width: '7rem',
    wideOnly: true,
    cell: ({ effect }) => effect ?? <span className="text-soft">no label</span>,
  },
  {
    id: 'data',
    head: 'Data',
    width: '7rem',
    wideOnly: true,
    cell: ({ dataClass }) => dataClass ?? <span className="text-soft">no label</span>,
  },
  {
    id: 'policy',
    head: 'Because of',
    width: 'minmax(10rem,1.4fr)',
    wideOnly: true,
    cell: ({ policies, why }) =>
      policies[0] === undefined ? (
        <span className="text-soft" title={why ?? undefined}>
          {why === null ? 'no policy permits it' : visible(why)}
        </span>
      ) : (
        <PolicyLink part={policies[0]} more={policies.length - 1} />
      ),
  },
];

function PolicyLink({ part, more = 0 }: { part: PolicyPart; more?: number }) {
  return (
    <>
      <Link
        to="/policies"
        search={{ file: part.file, line: String(part.line), policy: part.id } as never}
        tabIndex={-1}
        onClick={(event) => event.stopPropagation()}
        className="text-accent hover:underline"
      >
        {visible(shortName(part))}
      </Link>
      {more > 0 && <span className="text-soft"> and {more} more</span>}
    </>
  );
}

function AbilityDialog({ ability, onClose }: { ability: ToolPermission; onClose: () => void }) {
  const { server, tool, effect, dataClass, pin, outcome, policies, why } = ability;
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={<span className="font-mono text-[15px]">{`${visible(server)}/${visible(tool)}`}</span>}
      description={OUTCOMES.find(([name]) => name === outcome)?.[2]}
    >
      <Facts
        items={[
          [
            'Outcome',
            <Badge key="o" tone={TONES[outcome]}>
              {OUTCOMES.find(([name]) => name === outcome)?.[1]}
            </Badge>,
          ],
          why !== null && ['Why', visible(why)],
          ['Effect', effect ?? 'no label'],
          ['Data', dataClass ?? 'no label'],
          ['Definition', <State key="p" of={pin} />],
        ]}
      />
      <h3 className="mt-5 mb-1.5 text-[13px] font-semibold">Policies that matter to it</h3>
      {policies.length === 0 ? (
        <p className="text-soft">None: what no policy permits is refused.</p>
      ) : (
        <ul className="divide-y rounded-lg border text-[13px]">
          {policies.map((part) => (
            <li key={part.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
              <Badge tone={part.effect === 'permit' ? 'good' : part.effect === 'ask' ? 'warn' : 'bad'}>
                {part.effect}
              </Badge>
              <Link
                to="/policies"
                search={{ file: part.file, line: String(part.line), policy: part.id } as never}
                className="font-medium text-accent hover:underline"
              >
                {visible(shortName(part))}
              </Link>
              <span className="font-mono text-xs text-soft">
                {part.file}:{part.line}
              </span>
              <span className="ml-auto text-soft">
                {part.holds === 'always' ? 'holds always' : 'depends on the call'}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}
