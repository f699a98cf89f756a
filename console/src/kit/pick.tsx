import type { ComponentProps } from 'react';
import { useId } from 'react';
import { cn } from './cn.ts';
import { Input } from './field.tsx';

export interface Suggestion {
  readonly value: string;
  readonly label?: string;
}

/** A text box that proposes what is known, and takes anything: the browser's own list, for every keyboard, phone and reader. */
export function Suggest({ options, ...rest }: ComponentProps<'input'> & { readonly options: readonly Suggestion[] }) {
  const list = useId();
  return (
    <>
      <Input {...rest} list={list} autoComplete="off" spellCheck={false} />
      <datalist id={list}>
        {options.map(({ value, label }) => (
          <option key={value} value={value} label={label} />
        ))}
      </datalist>
    </>
  );
}

/** One of a few, all of them in sight. */
export function Segmented<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  readonly onChange: (value: T) => void;
}) {
  return (
    <div role="group" aria-label={label} className="inline-flex rounded-lg border border-edge/60 bg-card p-0.5">
      {options.map(([id, words]) => (
        <button
          key={id}
          type="button"
          aria-pressed={id === value}
          onClick={() => onChange(id)}
          className={cn(
            'h-7 rounded-md px-2.5 text-[13px] font-medium text-soft hover:text-ink',
            id === value && 'bg-sunk text-ink',
          )}
        >
          {words}
        </button>
      ))}
    </div>
  );
}
