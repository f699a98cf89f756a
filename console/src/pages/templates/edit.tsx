import { useState } from 'react';
import type { Requirable } from '../../../../src/model/template.ts';
import { Act } from '../../kit/act.tsx';
import { Choice, Field, Input } from '../../kit/field.tsx';
import { counted } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { EMPTY, fieldsOf, formOf, problemsOf, type TemplateForm, type TemplateLine } from './form.ts';
import { usePutBack } from './one.tsx';

const ARCHETYPES = ['homegrown', 'saas', 'developer_tool'] as const;
const REQUIRABLE: readonly Requirable[] = [
  'department',
  'deputies',
  'expiresAtMs',
  'keys',
  'workloads',
  'servers',
  'scopes',
];

interface Answer {
  readonly template: { readonly id: string };
  readonly exceeding: readonly unknown[];
}

/** A new template, or one that is changed. */
export function EditTemplate({ template, onClose }: { template: TemplateLine | null; onClose: () => void }) {
  const [form, setForm] = useState<TemplateForm>(template === null ? EMPTY : formOf(template));
  const [touched, setTouched] = useState(false);
  const undo = usePutBack();
  const set = (change: Partial<TemplateForm>): void => {
    setForm({ ...form, ...change });
    setTouched(true);
  };
  const problems = problemsOf(form);
  const texts = (name: 'groups' | 'reviewers' | 'servers' | 'scopes' | 'description' | 'lifetimeDays' | 'id') => ({
    value: form[name],
    autoComplete: 'off',
    onChange: (event: { target: { value: string } }) => set({ [name]: event.target.value }),
  });
  return (
    <Act<Answer>
      open
      wide
      onOpenChange={onClose}
      title={template === null ? 'New template' : `Change ${template.id}`}
      description="Agents that exceed it afterwards stay as they are until somebody narrows them."
      verb={template === null ? 'Make the template' : 'Change the template'}
      ready={Object.keys(problems).length === 0 && touched}
      order={(reason) => ({
        method: 'PUT',
        path: `/v1/templates/${encodeURIComponent(form.id.trim())}`,
        body: { fields: fieldsOf(form), reason },
      })}
      onDone={({ template: { id }, exceeding }) => {
        const text = `${id} is set${exceeding.length > 0 ? `; ${counted(exceeding.length, 'agent exceeds it', 'agents exceed it')}` : ''}`;
        const run = (): void => void (template !== null && undo(template, 'the change'));
        toast({ tone: 'good', text, ...(template === null ? {} : { undo: { words: 'Take it back', run } }) });
      }}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-3">
        <Field label="Id" problem={touched && template === null ? (problems.id ?? null) : null}>
          {(ids) => <Input {...ids} {...texts('id')} required disabled={template !== null} />}
        </Field>
        <Field label="Description" className="sm:col-span-2">
          {(ids) => <Input {...ids} {...texts('description')} maxLength={500} />}
        </Field>
        <Field label="Kind of agent">
          {(ids) => (
            <Choice
              {...ids}
              className="w-full"
              value={form.archetype}
              onChange={(event) => set({ archetype: event.target.value })}
            >
              {ARCHETYPES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Choice>
          )}
        </Field>
        <Field label="Least risk" hint="An agent may be called riskier.">
          {(ids) => (
            <Choice
              {...ids}
              className="w-full"
              value={form.riskTier}
              onChange={(event) => set({ riskTier: event.target.value })}
            >
              {['low', 'medium', 'high', 'critical'].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Choice>
          )}
        </Field>
        <Field label="Longest life" hint="Days. Empty: no end needed." problem={problems.lifetimeDays ?? null}>
          {(ids) => <Input {...ids} {...texts('lifetimeDays')} inputMode="decimal" />}
        </Field>
      </div>
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Limited
          on={form.limitServers}
          words="Only these servers"
          onSwitch={(limitServers) => set({ limitServers })}
          field={
            <Input aria-label="Servers" placeholder="erp crm" disabled={!form.limitServers} {...texts('servers')} />
          }
        />
        <Limited
          on={form.limitScopes}
          words="Only these scopes"
          onSwitch={(limitScopes) => set({ limitScopes })}
          field={
            <Input
              aria-label="Scopes"
              placeholder="erp:read crm:write"
              disabled={!form.limitScopes}
              {...texts('scopes')}
            />
          }
        />
        <Field label="Groups" hint="The only ones. Policies give rights to groups.">
          {(ids) => <Input {...ids} {...texts('groups')} />}
        </Field>
        <Field label="Approved by" hint="Ids of people. Empty: anybody but the requester.">
          {(ids) => <Input {...ids} {...texts('reviewers')} />}
        </Field>
      </div>
      <fieldset>
        <legend className="text-[13px] font-medium">An agent must say its</legend>
        <div className="mt-1 flex flex-wrap gap-x-5 gap-y-1.5">
          {REQUIRABLE.map((each) => (
            <label key={each} className="flex items-center gap-2">
              <input
                type="checkbox"
                className="size-4 accent-accent"
                checked={form.required.includes(each)}
                onChange={(event) =>
                  set({
                    required: event.target.checked
                      ? [...form.required, each]
                      : form.required.filter((one) => one !== each),
                  })
                }
              />
              {each === 'expiresAtMs' ? 'end' : each}
            </label>
          ))}
        </div>
      </fieldset>
      <Field label="When somebody signs in with an unknown client">
        {(ids) => (
          <Choice
            {...ids}
            value={form.admits}
            onChange={(event) => set({ admits: event.target.value as TemplateForm['admits'] })}
          >
            <option value="no">it gets no agent from this template</option>
            <option value="requested">it gets one that waits for approval</option>
            <option value="active">it gets one that acts at once</option>
          </Choice>
        )}
      </Field>
    </Act>
  );
}

function Limited({
  on,
  words,
  onSwitch,
  field,
}: {
  on: boolean;
  words: string;
  onSwitch: (on: boolean) => void;
  field: React.ReactNode;
}) {
  return (
    <div className="space-y-1">
      <label className="flex items-center gap-2 text-[13px] font-medium">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={on}
          onChange={(event) => onSwitch(event.target.checked)}
        />
        {words}
      </label>
      {field}
    </div>
  );
}
