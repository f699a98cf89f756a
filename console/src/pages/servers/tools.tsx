import { Link } from '@tanstack/react-router';
import { Wrench } from 'lucide-react';
import { useState } from 'react';
import type { ToolLine, ToolView } from '../../../../src/model/insight/estate.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Badge, State } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { Answered, Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { counted, Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { Accept, pathTo } from './queue.tsx';
import { ToolCard } from './tool/tool.tsx';
import { FROM_SHORT } from './tool/words.ts';

const EFFECTS = ['read', 'write', 'external', 'destructive', 'credential'] as const;
const EFFECT_TONES = {
  read: 'plain',
  write: 'plain',
  external: 'warn',
  destructive: 'bad',
  credential: 'bad',
} as const;

const COLUMNS: readonly Column<ToolLine>[] = [
  {
    id: 'tool',
    head: 'Tool',
    width: 'minmax(11rem,2fr)',
    cell: ({ server, tool, title }) => (
      <span title={title === null ? undefined : visible(title)}>
        <span className="text-soft">{server}/</span>
        <span className="font-medium">{visible(tool)}</span>
      </span>
    ),
  },
  { id: 'state', head: 'Definition', width: '7.5rem', cell: ({ state }) => <State of={state} /> },
  {
    id: 'effect',
    head: 'Effect',
    width: '7rem',
    cell: ({ effect }) => <Badge tone={EFFECT_TONES[effect]}>{effect}</Badge>,
    wideOnly: true,
  },
  { id: 'data', head: 'Data', width: '7rem', cell: ({ dataClass }) => dataClass, wideOnly: true },
  {
    id: 'from',
    head: 'Labelled by',
    width: '9rem',
    cell: ({ labelsFrom }) => <span className="text-soft">{FROM_SHORT[labelsFrom]}</span>,
    wideOnly: true,
  },
  {
    id: 'seen',
    head: 'Shown since',
    width: '8rem',
    cell: ({ seenAtMs }) => <Time ms={seenAtMs} look="ago" />,
    wideOnly: true,
  },
];

/** Every tool, or those of one server; a click shows its definition and labels. */
export function Tools({ server }: { server?: string }) {
  const [search, set] = useFilters();
  const filters = { server: server ?? search.server, state: search.state, effect: search.effect, q: search.q };
  const list = usePages<ToolLine>('/v1/tools', filters);
  const filtered = [filters.state, filters.effect, filters.q, server === undefined ? search.server : ''].some(Boolean);
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        <SearchBox value={search.q ?? ''} onChange={(q) => set({ q })} label="Search tools by name" />
        <Choice
          aria-label="State of the definition"
          value={search.state ?? ''}
          onChange={(event) => set({ state: event.target.value })}
        >
          <option value="">Every definition</option>
          <option value="pinned">Pinned</option>
          <option value="quarantined">Quarantined</option>
        </Choice>
        <Choice
          aria-label="Effect"
          value={search.effect ?? ''}
          onChange={(event) => set({ effect: event.target.value })}
        >
          <option value="">Every effect</option>
          {EFFECTS.map((effect) => (
            <option key={effect}>{effect}</option>
          ))}
        </Choice>
        {server === undefined && search.server !== undefined && (
          <Button onClick={() => set({ server: null })}>Of {search.server} ✕</Button>
        )}
      </div>
      {list.isPending ? (
        <Loading lines={8} />
      ) : list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.rows.length === 0 ? (
        <NoTools filtered={filtered} onClear={() => set({ q: null, state: null, effect: null, server: null })} />
      ) : (
        <DataTable
          label="Tools"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={({ server: of, tool }) => `${of}/${tool}`}
          onOpen={({ server: of, tool }) => set({ tool: `${of}/${tool}` })}
          onEnd={list.more}
          footer={`${counted(list.total ?? list.rows.length, 'tool')}${filtered ? ' like that' : ''}`}
        />
      )}
      <OneTool name={search.tool ?? null} onClose={() => set({ tool: null })} />
    </div>
  );
}

function OneTool({ name, onClose }: { name: string | null; onClose: () => void }) {
  const slash = name?.indexOf('/') ?? -1;
  const server = name?.slice(0, slash) ?? '';
  const tool = name?.slice(slash + 1) ?? '';
  const shown = useGet<ToolView>(pathTo({ server, tool }), { enabled: name !== null });
  const may = useMay();
  const [accepting, setAccepting] = useState<ToolView | null>(null);
  return (
    <>
      <Dialog
        open={name !== null && accepting === null}
        onOpenChange={(open) => {
          if (!open) onClose();
        }}
        title={`Tool of ${server}`}
        wide
      >
        <Answered query={shown} lines={10}>
          {(view) => (
            <ToolCard
              bare
              tool={view}
              actions={
                <>
                  {view.state === 'quarantined' && view.acceptable && may('tools.accept') && (
                    <Button size="small" look="accent" onClick={() => setAccepting(view)}>
                      Accept
                    </Button>
                  )}
                  {may('locks.write') && (
                    <Button size="small" asChild>
                      <Link to="/stop" search={{ target: `tool:${view.server}/${view.tool}` }}>
                        Stop this tool
                      </Link>
                    </Button>
                  )}
                </>
              }
            />
          )}
        </Answered>
      </Dialog>
      <Accept tool={accepting} onClose={() => setAccepting(null)} />
    </>
  );
}

function NoTools({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      {filtered ? (
        <Empty icon={Wrench} title="No tool is like that" action={<Button onClick={onClear}>Show all</Button>} />
      ) : (
        <Empty icon={Wrench} title="No tool was seen yet">
          A server's tools are pinned when they are first listed: by an agent, or by <strong>Scan now</strong> on the
          page of a server. Servers are added in <Code>interlock.yaml</Code>: <Code copy>interlock check</Code> says
          what is wrong with it.
        </Empty>
      )}
    </div>
  );
}
