import { type ComponentProps, useDeferredValue, useId } from 'react';
import type { AgentLine } from '../../../src/model/insight/agents.ts';
import type { PersonLine } from '../../../src/model/insight/estate.ts';
import type { Page } from '../../../src/model/insight/page.ts';
import { query } from '../api/client.ts';
import { useGet } from '../api/hooks.ts';
import { Input } from './field.tsx';

type Props = Omit<ComponentProps<'input'>, 'value' | 'onChange' | 'list'> & {
  readonly value: string;
  readonly onChange: (id: string) => void;
};

const PROPOSED = 20;

/** The id of an agent; those that fit what was typed are proposed, however many there are. */
export function AgentInput({ value, ...rest }: Props) {
  const search = useDeferredValue(value.trim());
  const known = useGet<Page<AgentLine>>(`/v1/agents/summaries${query({ search, limit: PROPOSED })}`).data;
  return <Proposing {...rest} value={value} options={known?.items ?? []} />;
}

/** The id of somebody active; those that fit what was typed are proposed. */
export function PersonInput({ value, ...rest }: Props) {
  const q = useDeferredValue(value.trim());
  const known = useGet<Page<PersonLine>>(`/v1/people${query({ q, active: true, limit: PROPOSED })}`).data;
  return <Proposing {...rest} value={value} options={known?.items ?? []} />;
}

/** The browser's own list: works with every keyboard, phone and reader. */
function Proposing({ options, onChange, ...rest }: Props & { options: readonly { id: string; name: string }[] }) {
  const list = useId();
  return (
    <>
      <Input
        {...rest}
        list={list}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={list}>
        {options.map(({ id, name }) => (
          <option key={id} value={id} label={name} />
        ))}
      </datalist>
    </>
  );
}
