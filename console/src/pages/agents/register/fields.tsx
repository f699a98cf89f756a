import { PersonInput } from '../../../kit/entity.tsx';
import { Area, Choice, Field, Input } from '../../../kit/field.tsx';
import { ARCHETYPES, RISKS } from '../words.ts';
import type { AgentForm } from './form.ts';

interface FieldsProps {
  readonly form: AgentForm;
  readonly set: (change: Partial<AgentForm>) => void;
  /** `null`: all of them; else only these can be changed here. */
  readonly only: readonly (keyof AgentForm)[] | null;
}

/** What can be said of an agent, whether it is new or not. */
export function AgentFields({ form, set, only }: FieldsProps) {
  const shown = (name: keyof AgentForm): boolean => only === null || only.includes(name);
  return (
    <>
      {shown('purpose') && (
        <Field label="Purpose" hint="In one sentence: approvers and auditors read it.">
          {(ids) => (
            <Area
              {...ids}
              required
              rows={2}
              maxLength={500}
              value={form.purpose}
              onChange={(event) => set({ purpose: event.target.value.replaceAll('\n', ' ') })}
            />
          )}
        </Field>
      )}
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        {shown('owner') && (
          <Field label="Owner" hint="The id of a person: who answers for it.">
            {(ids) => <PersonInput {...ids} required value={form.owner} onChange={(owner) => set({ owner })} />}
          </Field>
        )}
        {shown('deputies') && (
          <Field label="Deputies" hint="Ids, separated by commas: who may act for the owner.">
            {(ids) => (
              <Input {...ids} value={form.deputies} onChange={(event) => set({ deputies: event.target.value })} />
            )}
          </Field>
        )}
        {shown('archetype') && (
          <Field label="Kind">
            {(ids) => (
              <Choice
                {...ids}
                className="w-full"
                value={form.archetype}
                onChange={(event) => set({ archetype: event.target.value as AgentForm['archetype'] })}
              >
                {Object.entries(ARCHETYPES).map(([value, words]) => (
                  <option key={value} value={value}>
                    {words}
                  </option>
                ))}
              </Choice>
            )}
          </Field>
        )}
        {shown('riskTier') && (
          <Field label="Risk">
            {(ids) => (
              <Choice
                {...ids}
                className="w-full"
                value={form.riskTier}
                onChange={(event) => set({ riskTier: event.target.value as AgentForm['riskTier'] })}
              >
                {RISKS.map((risk) => (
                  <option key={risk}>{risk}</option>
                ))}
              </Choice>
            )}
          </Field>
        )}
        {shown('department') && (
          <Field label="Department">
            {(ids) => (
              <Input
                {...ids}
                maxLength={500}
                value={form.department}
                onChange={(event) => set({ department: event.target.value })}
              />
            )}
          </Field>
        )}
        {shown('groups') && (
          <Field label="Groups" hint="Policies can give rights to groups.">
            {(ids) => <Input {...ids} value={form.groups} onChange={(event) => set({ groups: event.target.value })} />}
          </Field>
        )}
        {shown('servers') && (
          <Field label="Servers" hint="The only ones it may reach. Empty: policies alone decide.">
            {(ids) => (
              <Input {...ids} value={form.servers} onChange={(event) => set({ servers: event.target.value })} />
            )}
          </Field>
        )}
        {shown('ends') && (
          <Field label="Ends after" hint="The whole of that day, in UTC. Empty: no end.">
            {(ids) => (
              <Input {...ids} type="date" value={form.ends} onChange={(event) => set({ ends: event.target.value })} />
            )}
          </Field>
        )}
      </div>
    </>
  );
}
