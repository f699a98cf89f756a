import { LayoutTemplate, Plus } from 'lucide-react';
import { useState } from 'react';
import { useEvery, useMay } from '../../api/hooks.ts';
import { Badge, State } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { SearchBox } from '../../kit/field.tsx';
import { Go } from '../../kit/go.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count, counted } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { EditTemplate } from './edit.tsx';
import type { TemplateLine } from './form.ts';
import { OneTemplate } from './one.tsx';

const COLUMNS: readonly Column<TemplateLine>[] = [
  {
    id: 'template',
    head: 'Template',
    width: 'minmax(7rem,2fr)',
    cell: ({ id, description }) => (
      <span title={visible(description)}>
        <span className="font-medium">{id}</span> <span className="text-soft">{visible(description)}</span>
      </span>
    ),
  },
  { id: 'risk', head: 'Risk from', width: '6rem', cell: ({ riskTier }) => <State of={riskTier} />, wideOnly: true },
  {
    id: 'servers',
    head: 'Servers',
    width: 'minmax(6rem,1fr)',
    cell: ({ servers }) => (servers === null ? <span className="text-soft">any</span> : servers.join(', ') || 'none'),
    wideOnly: true,
  },
  {
    id: 'scopes',
    head: 'Scopes',
    width: 'minmax(6rem,1fr)',
    cell: ({ scopes }) => (scopes === null ? <span className="text-soft">any</span> : scopes.join(', ') || 'none'),
    wideOnly: true,
  },
  {
    id: 'origin',
    head: 'From',
    width: '8rem',
    cell: ({ origin }) => <span className="text-soft">{origin === 'configuration' ? 'configuration' : 'here'}</span>,
    wideOnly: true,
  },
  {
    id: 'agents',
    head: 'Agents',
    width: '4.5rem',
    align: 'right',
    cell: ({ id, agents }) =>
      agents === 0 ? (
        <span className="text-soft">0</span>
      ) : (
        <Go to="/agents" search={{ template: id }}>
          {count(agents)}
        </Go>
      ),
  },
  {
    id: 'exceeding',
    head: 'Exceeding',
    width: '5.5rem',
    align: 'right',
    cell: ({ exceedingCount }) =>
      exceedingCount === 0 ? <span className="text-soft">0</span> : <Badge tone="bad">{count(exceedingCount)}</Badge>,
  },
];

/** The most that agents of one class may have. */
export function TemplatesPage() {
  const [search, set] = useFilters();
  const may = useMay()('agents.write');
  const asked = useEvery<TemplateLine>('/v1/templates', { everyMs: 30_000 });
  const [editing, setEditing] = useState<TemplateLine | 'new' | null>(null);
  return (
    <>
      <PageHead
        title="Templates"
        lead="The most that agents of one class may have. An agent made from one may have less, never more."
        actions={
          may && (
            <Button look="accent" onClick={() => setEditing('new')}>
              <Plus aria-hidden /> New template
            </Button>
          )
        }
      />
      <Answered query={asked} lines={6}>
        {(templates) => {
          const wanted = (search.q ?? '').toLowerCase();
          const rows = templates.filter(({ id, description }) => `${id} ${description}`.toLowerCase().includes(wanted));
          if (templates.length === 0) return <NoTemplates onNew={may ? () => setEditing('new') : null} />;
          return (
            <div className="space-y-3">
              <SearchBox value={search.q ?? ''} onChange={(q) => set({ q })} label="Search templates" />
              {rows.length === 0 ? (
                <Empty
                  icon={LayoutTemplate}
                  title="No template is like that"
                  action={<Button onClick={() => set({ q: null })}>Show all</Button>}
                >
                  Ids and descriptions are searched.
                </Empty>
              ) : (
                <DataTable
                  label="Templates"
                  columns={COLUMNS}
                  rows={rows}
                  keyOf={({ id }) => id}
                  onOpen={({ id }) => set({ template: id })}
                  footer={counted(rows.length, 'template')}
                />
              )}
              <OneTemplate
                template={templates.find(({ id }) => id === search.template) ?? null}
                hidden={editing !== null}
                onClose={() => set({ template: null })}
                onEdit={setEditing}
              />
            </div>
          );
        }}
      </Answered>
      {editing !== null && (
        <EditTemplate template={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />
      )}
    </>
  );
}

function NoTemplates({ onNew }: { onNew: (() => void) | null }) {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      <Empty
        icon={LayoutTemplate}
        title="There is no template"
        action={onNew === null ? undefined : <Button onClick={onNew}>New template</Button>}
      >
        A template says which servers, scopes, groups and lifetime agents of a class may have at most, and who approves
        them. They stand in the configuration under <Code>templates</Code>, or are made here.
      </Empty>
    </div>
  );
}
