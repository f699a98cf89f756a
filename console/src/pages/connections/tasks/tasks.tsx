import { ListChecks, Plus } from 'lucide-react';
import { useState } from 'react';
import type { Task } from '../../../../../src/model/task.ts';
import { useGet, useMay } from '../../../api/hooks.ts';
import { Act } from '../../../kit/act.tsx';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Facts } from '../../../kit/card.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { AgentInput } from '../../../kit/entity.tsx';
import { Choice } from '../../../kit/field.tsx';
import { Go } from '../../../kit/go.tsx';
import { Answered, Empty, Failed, Loading } from '../../../kit/states.tsx';
import { type Column, DataTable } from '../../../kit/table.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { counted, Time, useNow } from '../../../kit/time.tsx';
import { useFilters } from '../../../use-filters.ts';
import { usePages } from '../../../use-pages.ts';
import { NewTask } from './new.tsx';

const COLUMNS: readonly Column<Task>[] = [
  {
    id: 'purpose',
    head: 'Purpose',
    width: 'minmax(12rem,2fr)',
    cell: ({ purpose }) => <span className="font-medium">{visible(purpose)}</span>,
  },
  {
    id: 'agent',
    head: 'Agent',
    width: 'minmax(7rem,1fr)',
    cell: ({ agent }) => (
      <Go to="/agents/$id" params={{ id: agent }}>
        {agent}
      </Go>
    ),
    wideOnly: true,
  },
  { id: 'state', head: 'State', width: '5.5rem', cell: (task) => <TaskState task={task} /> },
  { id: 'budget', head: 'Budget', width: '10rem', cell: (task) => budgetWords(task), wideOnly: true },
  {
    id: 'until',
    head: 'Until',
    width: '9rem',
    cell: ({ notAfterMs }) => <Time ms={notAfterMs} look="ago" />,
    wideOnly: true,
  },
];

function TaskState({ task: { state, notAfterMs } }: { task: Task }) {
  const over = useNow(15_000) >= notAfterMs;
  if (state === 'closed') return <Badge>closed</Badge>;
  return over ? <Badge>over</Badge> : <Badge tone="good">open</Badge>;
}

export function budgetWords({ maxCalls, maxAmount }: Pick<Task, 'maxCalls' | 'maxAmount'>): string {
  const parts = [
    ...(maxCalls === null ? [] : [counted(maxCalls, 'call')]),
    ...(maxAmount === null ? [] : [`${(maxAmount / 10_000).toFixed(2)} in all`]),
  ];
  return parts.join(', ') || 'no cap';
}

/** Declared purposes, newest first; closing one ends whatever is bound to it. */
export function Tasks() {
  const [search, set] = useFilters();
  const list = usePages<Task>('/v1/tasks', { agent: search.agent, state: search.state }, { everyMs: 15_000 });
  const filtered = search.agent !== undefined || search.state !== undefined;
  const may = useMay()('connections.write');
  const [making, setMaking] = useState(false);
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap gap-2">
        <div className="min-w-48 flex-1">
          <AgentInput
            aria-label="Tasks of this agent"
            placeholder="Of this agent"
            data-search
            value={search.agent ?? ''}
            onChange={(agent) => set({ agent })}
          />
        </div>
        <Choice aria-label="State" value={search.state ?? ''} onChange={(event) => set({ state: event.target.value })}>
          <option value="">Every state</option>
          <option value="open">Open</option>
          <option value="closed">Closed</option>
        </Choice>
        {may && (
          <Button onClick={() => setMaking(true)}>
            <Plus aria-hidden /> Declare a task
          </Button>
        )}
      </div>
      {list.isPending ? (
        <Loading lines={6} />
      ) : list.error !== null && list.rows.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.rows.length === 0 ? (
        <NoTasks filtered={filtered} onClear={() => set({ agent: null, state: null })} />
      ) : (
        <DataTable
          label="Tasks"
          columns={COLUMNS}
          rows={list.rows}
          keyOf={({ id }) => id}
          onOpen={({ id }) => set({ task: id })}
          onEnd={list.more}
          footer={`${counted(list.rows.length, 'task')}${list.hasNextPage ? ' so far' : ''}`}
        />
      )}
      {making && (
        <NewTask
          agent={search.agent ?? ''}
          onClose={() => setMaking(false)}
          // Shown at once: its id is what the agent is to name.
          onMade={({ id }) => set({ task: id })}
        />
      )}
      <OneTask id={search.task ?? null} onClose={() => set({ task: null })} />
    </div>
  );
}

function OneTask({ id, onClose }: { id: string | null; onClose: () => void }) {
  const asked = useGet<Task & { readonly parts: readonly string[] }>(`/v1/tasks/${encodeURIComponent(id ?? '')}`, {
    enabled: id !== null,
  });
  const may = useMay()('connections.write');
  const [closing, setClosing] = useState(false);
  return (
    <>
      <Dialog
        open={id !== null && !closing}
        onOpenChange={(open) => {
          if (!open) onClose();
        }}
        title="Task"
        description={<Code copy>{id ?? ''}</Code>}
        footer={
          may && asked.data?.state === 'open' ? (
            <Button look="danger" onClick={() => setClosing(true)}>
              Close the task
            </Button>
          ) : undefined
        }
      >
        <Answered query={asked}>{(task) => <Terms task={task} />}</Answered>
      </Dialog>
      <Act
        open={closing}
        onOpenChange={setClosing}
        title="Close the task"
        description="Every token bound to it, or to a part of it, is refused from the next call on. It cannot be opened again."
        verb="Close the task"
        danger
        order={(reason) => ({
          method: 'POST',
          path: `/v1/tasks/${encodeURIComponent(id ?? '')}/close`,
          body: { reason },
        })}
        done="The task is closed"
        onDone={onClose}
      />
    </>
  );
}

function Terms({ task }: { task: Task & { readonly parts: readonly string[] } }) {
  const { agent, subject, purpose, tools, dataClasses, notAfterMs, parent, parts, createdBy, createdAtMs } = task;
  const [, set] = useFilters();
  const other = (id: string) => (
    <button key={id} type="button" className="mr-2 underline" onClick={() => set({ task: id })}>
      <Code>{id}</Code>
    </button>
  );
  return (
    <Facts
      items={[
        ['Purpose', visible(purpose)],
        ['State', <TaskState key="state" task={task} />],
        [
          'Agent',
          <Go key="agent" to="/agents/$id" params={{ id: agent }}>
            {agent}
          </Go>,
        ],
        [
          'For',
          subject === null ? (
            'the agent itself'
          ) : (
            <Go key="for" to="/people/$id" params={{ id: subject }}>
              {subject}
            </Go>
          ),
        ],
        [
          'Tools',
          <ul key="tools">
            {tools.map((tool) => (
              <li key={tool}>
                <Code>{tool}</Code>
              </li>
            ))}
          </ul>,
        ],
        ['Data', dataClasses === null ? 'any class' : dataClasses.join(', ')],
        ['Budget', budgetWords(task)],
        ['Until', <Time key="until" ms={notAfterMs} />],
        parent !== null && ['Part of', other(parent)],
        parts.length > 0 && ['Parts', <span key="parts">{parts.map(other)}</span>],
        [
          'Declared',
          <span key="made">
            by {createdBy}, <Time ms={createdAtMs} />
          </span>,
        ],
      ]}
    />
  );
}

function NoTasks({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      {filtered ? (
        <Empty icon={ListChecks} title="No task is like that" action={<Button onClick={onClear}>Show all</Button>} />
      ) : (
        <Empty icon={ListChecks} title="No task was declared">
          A task names a purpose, its tools, its data, its budget and its end; a token bound to it is good for nothing
          else. Agents declare them with their token requests, operators here or with{' '}
          <Code copy>interlock tasks create</Code>
        </Empty>
      )}
    </div>
  );
}
