import { useDeferredValue, useId } from 'react';
import type { AgentLine } from '../../../src/model/insight/agents.ts';
import type { Page } from '../../../src/model/insight/page.ts';
import { query } from '../api/client.ts';
import { useEvery, useGet } from '../api/hooks.ts';
import { Choice, Input, useTyped } from '../kit/field.tsx';

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** An agent by its exact id, with what exists proposed while somebody types. Told when it is chosen, or on Enter, or on leaving. */
export function AgentField({ value, onChange }: FieldProps) {
  const { text, setText, tell } = useTyped(value, onChange);
  const list = useId();
  const asked = useDeferredValue(text.trim());
  const found = useGet<Page<AgentLine>>(`/v1/agents/summaries${query({ search: asked, limit: 8 })}`, {
    enabled: asked.length > 1 && asked !== value,
  });
  const items = found.data?.items ?? [];
  return (
    <>
      <Input
        aria-label="Agent"
        placeholder="Any agent"
        className="w-44 max-sm:grow"
        list={list}
        value={text}
        onChange={(event) => {
          const next = event.target.value;
          setText(next);
          if (next === '' || items.some(({ id }) => id === next)) tell(next);
        }}
        onBlur={() => text.trim() !== value && tell(text.trim())}
        onKeyDown={(event) => event.key === 'Enter' && tell(text.trim())}
      />
      <datalist id={list}>
        {items.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </datalist>
    </>
  );
}

export function ServerField({ value, onChange }: FieldProps) {
  const servers = useEvery<{ id: string }>('/v1/servers').data ?? [];
  const known = servers.some(({ id }) => id === value);
  return (
    <Choice aria-label="Server" value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">Every server</option>
      {value !== '' && !known && <option value={value}>{value}</option>}
      {servers.map(({ id }) => (
        <option key={id} value={id}>
          {id}
        </option>
      ))}
    </Choice>
  );
}

/** A person by exact id. */
export function PersonField({ value, onChange }: FieldProps) {
  const { text, setText, tell } = useTyped(value, onChange);
  return (
    <Input
      aria-label="Person it acted for"
      placeholder="For anybody"
      className="w-40 max-sm:grow"
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        if (event.target.value === '') tell('');
      }}
      onBlur={() => text.trim() !== value && tell(text.trim())}
      onKeyDown={(event) => event.key === 'Enter' && tell(text.trim())}
    />
  );
}
