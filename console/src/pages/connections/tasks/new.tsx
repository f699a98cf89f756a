import { useState } from 'react';
import type { Task } from '../../../../../src/model/task.ts';
import { Act } from '../../../kit/act.tsx';
import { AgentInput } from '../../../kit/entity.tsx';
import { Area, Choice, Field, Input } from '../../../kit/field.tsx';
import { CLASSES, EMPTY, type Problems, type TaskForm, taskOf } from './form.ts';

const HOURS = [
  ['1', '1 hour'],
  ['4', '4 hours'],
  ['8', '8 hours'],
  ['24', '1 day'],
] as const;

/** A purpose, and what it takes: a token bound to it is good for nothing else. */
export function NewTask({
  agent,
  onClose,
  onMade,
}: {
  agent: string;
  onClose: () => void;
  onMade: (task: Task) => void;
}) {
  const [form, setForm] = useState<TaskForm>({ ...EMPTY, agent });
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const set = (change: Partial<TaskForm>): void => {
    setForm({ ...form, ...change });
    setTouched(new Set([...touched, ...Object.keys(change)]));
  };
  const checked = taskOf(form, Date.now());
  const wrong: Problems = 'problems' in checked ? checked.problems : {};
  const problem = (name: keyof TaskForm): string | null => (touched.has(name) ? (wrong[name] ?? null) : null);
  return (
    <Act<Task>
      open
      onOpenChange={onClose}
      title="Declare a task"
      description="A token that names it is good for this purpose, with these tools, until then, and for nothing else, whatever else the agent may do."
      verb="Declare the task"
      ready={'body' in checked}
      // From the moment it is sent, however long the form was open.
      order={(reason) => ({ method: 'POST', path: '/v1/tasks', body: { ...bodyNow(form), reason } })}
      done={({ agent: of }) => `The task of ${of} is open`}
      onDone={onMade}
    >
      <Field label="Agent" problem={problem('agent')}>
        {(ids) => <AgentInput {...ids} required value={form.agent} onChange={(id) => set({ agent: id })} />}
      </Field>
      <Field label="Purpose" hint="People who are asked to approve its calls read it." problem={problem('purpose')}>
        {(ids) => (
          <Input
            {...ids}
            required
            maxLength={500}
            value={form.purpose}
            onChange={(event) => set({ purpose: event.target.value })}
          />
        )}
      </Field>
      <Field label="Tools" hint="server/tool, or server/* for all of a server; one a line." problem={problem('tools')}>
        {(ids) => (
          <Area
            {...ids}
            required
            rows={3}
            spellCheck={false}
            value={form.tools}
            onChange={(event) => set({ tools: event.target.value })}
          />
        )}
      </Field>
      <div className="grid grid-cols-2 gap-4">
        <Field label="Data" problem={problem('upTo')}>
          {(ids) => (
            <Choice
              className="w-full"
              {...ids}
              value={form.upTo}
              onChange={(event) => set({ upTo: event.target.value as TaskForm['upTo'] })}
            >
              <option value="">any class</option>
              {CLASSES.map((name) => (
                <option key={name} value={name}>{`up to ${name}`}</option>
              ))}
            </Choice>
          )}
        </Field>
        <Field label="For how long">
          {(ids) => (
            <Choice
              {...ids}
              className="w-full"
              value={form.hours}
              onChange={(event) => set({ hours: event.target.value })}
            >
              {HOURS.map(([value, words]) => (
                <option key={value} value={value}>
                  {words}
                </option>
              ))}
            </Choice>
          )}
        </Field>
        <Field label="Calls at most" hint="Empty: no cap." problem={problem('maxCalls')}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="numeric"
              value={form.maxCalls}
              onChange={(event) => set({ maxCalls: event.target.value })}
            />
          )}
        </Field>
        <Field label="Amount at most" hint="All calls together. Empty: no cap." problem={problem('maxAmount')}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="decimal"
              value={form.maxAmount}
              onChange={(event) => set({ maxAmount: event.target.value })}
            />
          )}
        </Field>
      </div>
    </Act>
  );
}

function bodyNow(form: TaskForm): object {
  const checked = taskOf(form, Date.now());
  return 'body' in checked ? checked.body : {};
}
