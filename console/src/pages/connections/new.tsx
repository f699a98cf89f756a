import { useState } from 'react';
import type { Connection } from '../../../../src/model/connection.ts';
import { Act } from '../../kit/act.tsx';
import { AgentInput } from '../../kit/entity.tsx';
import { Area, Field, Input } from '../../kit/field.tsx';
import { bodyOf, type ConnectionForm, EMPTY, type Problems } from './form.ts';

/** Two agents, and on what conditions. */
export function NewConnection({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState<ConnectionForm>(EMPTY);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const set = (change: Partial<ConnectionForm>): void => {
    setForm({ ...form, ...change });
    setTouched(new Set([...touched, ...Object.keys(change)]));
  };
  const checked = bodyOf(form, Date.now());
  const wrong: Problems = 'problems' in checked ? checked.problems : {};
  const problem = (name: keyof ConnectionForm): string | null => (touched.has(name) ? (wrong[name] ?? null) : null);
  return (
    <Act<Connection>
      open
      onOpenChange={onClose}
      title="Connect agents"
      description="The first may hand work to the second: with a token of its own, and never with more than it holds itself."
      verb="Connect"
      ready={'body' in checked}
      order={(reason) => ({
        method: 'POST',
        path: '/v1/connections',
        body: { ...('body' in checked ? checked.body : {}), reason },
      })}
      done={({ from, to }) => `${from} may hand work to ${to} from now on`}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="From" problem={problem('from')}>
          {(ids) => <AgentInput {...ids} required value={form.from} onChange={(from) => set({ from })} />}
        </Field>
        <Field label="To" problem={problem('to')}>
          {(ids) => <AgentInput {...ids} required value={form.to} onChange={(to) => set({ to })} />}
        </Field>
      </div>
      <Field
        label="At most"
        hint="Scopes like crm:read or *:read, separated by spaces. Empty: whatever the first holds."
        problem={problem('scopes')}
      >
        {(ids) => (
          <Area {...ids} rows={2} value={form.scopes} onChange={(event) => set({ scopes: event.target.value })} />
        )}
      </Field>
      <fieldset>
        <legend className="text-[13px] font-medium">For work begun by</legend>
        <div className="mt-1 flex gap-5">
          <Check checked={form.user} onChange={(user) => set({ user })} words="a person" />
          <Check checked={form.machine} onChange={(machine) => set({ machine })} words="a machine" />
        </div>
        {problem('user') !== null && <p className="text-[13px] text-bad">{problem('user')}</p>}
      </fieldset>
      <details>
        <summary className="cursor-pointer text-[13px] font-medium">Conditions</summary>
        <div className="mt-3 space-y-4">
          <Check
            checked={form.requiresTask}
            onChange={(requiresTask) => set({ requiresTask })}
            words="Only work bound to a task"
          />
          <div className="grid grid-cols-2 gap-4 sm:grid-cols-3">
            <Field label="Longest chain" hint="Actors, 2 to 8." problem={problem('maxDepth')}>
              {(ids) => (
                <Input
                  {...ids}
                  inputMode="numeric"
                  value={form.maxDepth}
                  onChange={(event) => set({ maxDepth: event.target.value })}
                />
              )}
            </Field>
            <Field label="Open from" hint="Hour, UTC." problem={problem('hoursFrom')}>
              {(ids) => (
                <Input
                  {...ids}
                  inputMode="numeric"
                  value={form.hoursFrom}
                  onChange={(event) => set({ hoursFrom: event.target.value })}
                />
              )}
            </Field>
            <Field label="to" hint="Hour, UTC.">
              {(ids) => (
                <Input
                  {...ids}
                  inputMode="numeric"
                  value={form.hoursTo}
                  onChange={(event) => set({ hoursTo: event.target.value })}
                />
              )}
            </Field>
          </div>
          <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
            <Field label="Closed after" hint="Your time. Empty: no end." problem={problem('end')}>
              {(ids) => (
                <Input
                  {...ids}
                  type="datetime-local"
                  value={form.end}
                  onChange={(event) => set({ end: event.target.value })}
                />
              )}
            </Field>
            <Field label="Id" hint="Empty: made of both agents." problem={problem('id')}>
              {(ids) => <Input {...ids} value={form.id} onChange={(event) => set({ id: event.target.value })} />}
            </Field>
          </div>
        </div>
      </details>
    </Act>
  );
}

function Check({ checked, onChange, words }: { checked: boolean; onChange: (on: boolean) => void; words: string }) {
  return (
    <label className="flex items-center gap-2">
      <input
        type="checkbox"
        className="size-4 accent-accent"
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
      {words}
    </label>
  );
}
