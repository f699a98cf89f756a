import type { ComponentProps } from 'react';
import { useGet } from '../../api/hooks.ts';
import { Suggest } from '../../kit/pick.tsx';

const PROPOSED = 200;

/** The id of a person; those the gateway knows are proposed. */
export function PersonInput({
  value,
  onChange,
  ...rest
}: Omit<ComponentProps<'input'>, 'value' | 'onChange'> & {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const known = useGet<{
    readonly people?: readonly { readonly id: string; readonly name: string; readonly active: boolean }[];
  }>('/v1/people');
  const options = (known.data?.people ?? [])
    .filter(({ active }) => active)
    .slice(0, PROPOSED)
    .map(({ id, name }) => ({ value: id, label: name }));
  return <Suggest {...rest} value={value} onChange={(event) => onChange(event.target.value)} options={options} />;
}
