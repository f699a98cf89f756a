import { useState } from 'react';
import type { Template } from '../../../../../src/model/template.ts';
import { useEvery, useMe } from '../../../api/hooks.ts';
import { Act } from '../../../kit/act.tsx';
import { Area, Choice, Field, Input } from '../../../kit/field.tsx';
import { duration, useNow } from '../../../kit/time.tsx';
import { useLeadOn } from '../../../use-here.ts';
import type { AgentEntry } from '../entry.ts';
import { AgentFields } from './fields.tsx';
import { type AgentForm, EMPTY_FORM, fieldsOf, idOf, isWhole, problemsOf, withTemplate } from './form.ts';

/** A new agent: from a template or freely, at once or for somebody else to approve. */
export function RegisterDialog({ onClose }: { onClose: () => void }) {
  const leadOn = useLeadOn();
  const me = useMe().data;
  const [form, setForm] = useState<AgentForm>({ ...EMPTY_FORM, owner: me?.id ?? '' });
  const [idTyped, setIdTyped] = useState(false);
  const [request, setRequest] = useState(false);
  const templates = useEvery<Template>('/v1/templates').data ?? [];
  const template = templates.find(({ id }) => id === form.template);
  const now = useNow(60_000);
  const set = (change: Partial<AgentForm>): void => setForm((before) => ({ ...before, ...change }));
  const problems = problemsOf(form);
  return (
    <Act<AgentEntry>
      open
      wide
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Register an agent"
      description="Who it is, who answers for it, what it is for. It may do nothing until a policy permits it."
      verb={request ? 'Request it' : 'Register'}
      ready={isWhole(form)}
      order={(reason) => ({
        method: 'POST',
        path: request ? '/v1/agents/requests' : '/v1/agents',
        body: { id: form.id.trim(), fields: fieldsOf(form), reason },
      })}
      done={({ agent }) => `${agent.name} is registered, and ${agent.state}.`}
      onDone={({ agent }) => void leadOn({ to: '/agents/$id', params: { id: agent.id } })}
    >
      {templates.length > 0 && (
        <Field
          label="Template"
          hint={
            template === undefined
              ? 'What kind of agent it is; fills in what such agents have.'
              : templateWords(template)
          }
        >
          {(ids) => (
            <Choice
              {...ids}
              className="w-full"
              value={form.template}
              onChange={(event) => {
                const chosen = templates.find(({ id }) => id === event.target.value);
                setForm((before) => withTemplate(before, chosen, now));
              }}
            >
              <option value="">None</option>
              {templates.map(({ id }) => (
                <option key={id}>{id}</option>
              ))}
            </Choice>
          )}
        </Field>
      )}
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="Name">
          {(ids) => (
            <Input
              {...ids}
              required
              autoFocus
              maxLength={500}
              value={form.name}
              onChange={(event) => {
                const name = event.target.value;
                set({ name, ...(idTyped ? {} : { id: idOf(name) }) });
              }}
            />
          )}
        </Field>
        <Field label="Id" hint="In every record and policy. It never changes." problem={problems.id ?? null}>
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={32}
              spellCheck={false}
              className="font-mono"
              value={form.id}
              onChange={(event) => {
                setIdTyped(event.target.value !== '');
                set({ id: event.target.value });
              }}
            />
          )}
        </Field>
      </div>
      <AgentFields form={form} set={set} only={null} />
      <Field
        label="Public key"
        hint="A JWK with a kid. Without a key, workload or client it is registered as approved, and activated once something proves it."
        problem={problems.key ?? null}
      >
        {(ids) => (
          <Area
            {...ids}
            rows={2}
            spellCheck={false}
            className="font-mono text-xs"
            placeholder='{"kty":"EC","kid":"…","crv":"P-256","x":"…","y":"…"}'
            value={form.key}
            onChange={(event) => set({ key: event.target.value })}
          />
        )}
      </Field>
      <label className="flex items-center gap-2">
        <input type="checkbox" checked={request} onChange={(event) => setRequest(event.target.checked)} />
        Somebody else approves it first
      </label>
    </Act>
  );
}

function templateWords({ description, lifetimeMs, required, reviewers }: Template): string {
  return [
    description,
    lifetimeMs === null ? '' : `Lives at most ${duration(lifetimeMs)}.`,
    required.length === 0 ? '' : `Needs ${required.join(', ')}.`,
    reviewers.length === 0 ? '' : `Approved by ${reviewers.join(' or ')}.`,
  ]
    .filter((each) => each !== '')
    .join(' ');
}
