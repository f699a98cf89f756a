import { useNavigate } from '@tanstack/react-router';
import { UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import type { PersonLine } from '../../../../src/model/insight/estate.ts';
import type { ConsoleRole } from '../../../../src/model/insight/roles.ts';
import { useMay } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { Go } from '../../kit/go.tsx';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { type Column, DataTable } from '../../kit/table.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count, counted } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { AddPerson } from './acts.tsx';

const ROLES: readonly ConsoleRole[] = [
  'viewer',
  'approver',
  'auditor',
  'operator',
  'policy-author',
  'policy-publisher',
  'security-admin',
];

const COLUMNS: readonly Column<PersonLine>[] = [
  {
    id: 'name',
    head: 'Person',
    width: 'minmax(7rem,2fr)',
    cell: ({ id, name }) => (
      <>
        <span className="font-medium">{visible(name)}</span> <span className="text-soft">{id}</span>
      </>
    ),
  },
  {
    id: 'state',
    head: 'State',
    width: '5.5rem',
    cell: ({ active, leaving }) => (
      <Badge tone={active ? 'good' : 'bad'}>{active ? 'active' : leaving ? 'leaving' : 'inactive'}</Badge>
    ),
  },
  {
    id: 'email',
    head: 'E-mail',
    width: 'minmax(10rem,1.5fr)',
    cell: ({ email }) => (email === null ? <span className="text-soft">—</span> : visible(email)),
    wideOnly: true,
  },
  {
    id: 'groups',
    head: 'Groups',
    width: 'minmax(7rem,1fr)',
    cell: ({ groups }) => <span className="text-soft">{visible(groups.join(', ')) || '—'}</span>,
    wideOnly: true,
  },
  {
    id: 'roles',
    head: 'Console',
    width: '9rem',
    cell: ({ roles }) => (roles.length === 0 ? <span className="text-soft">—</span> : roles.join(', ')),
    wideOnly: true,
  },
  {
    id: 'agents',
    head: 'Agents',
    width: '3.5rem',
    align: 'right',
    cell: ({ id, agentCount }) =>
      agentCount === 0 ? (
        <span className="text-soft">0</span>
      ) : (
        <Go to="/agents" search={{ owner: id }}>
          {count(agentCount)}
        </Go>
      ),
  },
  {
    id: 'orphaned',
    head: 'Orphaned',
    width: '5.5rem',
    align: 'right',
    wideOnly: true,
    cell: ({ id, orphanedCount }) =>
      orphanedCount === 0 ? (
        <span className="text-soft">0</span>
      ) : (
        <Go to="/agents" search={{ owner: id, state: 'orphaned' }} className="font-semibold text-bad">
          {count(orphanedCount)}
        </Go>
      ),
  },
];

/** Everybody the gateway knows, found by anything that is known of them. */
export function PeoplePage() {
  const [search, set] = useFilters();
  const navigate = useNavigate();
  const may = useMay()('people.write');
  const [adding, setAdding] = useState(false);
  const filters = { q: search.q, active: search.active, role: search.role, group: search.group };
  const list = usePages<PersonLine>('/v1/people', filters);
  const filtered = Object.values(filters).some((value) => value !== undefined);
  const clear = (): void => set({ q: null, active: null, role: null, group: null });
  return (
    <>
      <PageHead
        title="People"
        lead="Who owns agents, answers approvals, and stands at the root of what agents do for somebody."
        actions={
          may && (
            <Button look="accent" onClick={() => setAdding(true)}>
              <UserPlus aria-hidden /> Add a person
            </Button>
          )
        }
      />
      <div className="space-y-3">
        <div className="flex flex-wrap gap-2">
          <SearchBox
            value={search.q ?? ''}
            onChange={(q) => set({ q })}
            label="Search people by name, id, e-mail or department"
            placeholder="Search people"
          />
          <Choice
            aria-label="State"
            value={search.active ?? ''}
            onChange={(event) => set({ active: event.target.value })}
          >
            <option value="">Active or not</option>
            <option value="true">Active</option>
            <option value="false">Inactive</option>
          </Choice>
          <Choice
            aria-label="Role in the console"
            value={search.role ?? ''}
            onChange={(event) => set({ role: event.target.value })}
          >
            <option value="">Any role or none</option>
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </Choice>
          {search.group !== undefined && <Button onClick={() => set({ group: null })}>In {search.group} ✕</Button>}
        </div>
        {list.isPending ? (
          <Loading lines={8} />
        ) : list.error !== null && list.rows.length === 0 ? (
          <Failed error={list.error} retry={() => void list.refetch()} />
        ) : list.rows.length === 0 ? (
          <NoPeople filtered={filtered} onClear={clear} />
        ) : (
          <DataTable
            label="People"
            columns={COLUMNS}
            rows={list.rows}
            keyOf={({ id }) => id}
            onOpen={({ id }) => void navigate({ to: '/people/$id', params: { id } })}
            onEnd={list.more}
            footer={`${counted(list.total ?? list.rows.length, 'person', 'people')}${filtered ? ' like that' : ''}`}
          />
        )}
      </div>
      {adding && <AddPerson onClose={() => setAdding(false)} />}
    </>
  );
}

function NoPeople({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      {filtered ? (
        <Empty icon={Users} title="Nobody is like that" action={<Button onClick={onClear}>Show everybody</Button>} />
      ) : (
        <Empty icon={Users} title="Nobody is known yet">
          People come from the configuration (<Code>people</Code>), from your identity provider over SCIM, or one by
          one: <Code copy>interlock people add</Code>
        </Empty>
      )}
    </div>
  );
}
