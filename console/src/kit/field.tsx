import { Search } from 'lucide-react';
import { type ComponentProps, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { cn } from './cn.ts';

// 16 px on phones: they zoom into anything smaller that is written in.
const BOX =
  'w-full rounded-lg border border-edge/70 bg-card px-3 text-base text-ink sm:text-sm placeholder:text-soft hover:border-edge focus-visible:outline-2 focus-visible:outline-accent aria-invalid:border-bad';

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input {...rest} className={cn(BOX, 'h-9', className)} />;
}

export function Area({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea rows={3} {...rest} className={cn(BOX, 'py-2', className)} />;
}

/** The browser's own: works with every keyboard, phone and reader. */
export function Choice({ className, ...rest }: ComponentProps<'select'>) {
  return <select {...rest} className={cn(BOX, 'h-9 w-auto max-w-full pr-8 max-sm:grow', className)} />;
}

/** Label, control, hint and what is wrong, tied together for those who cannot see that they belong together. */
export function Field({
  label,
  hint,
  problem,
  children,
  className,
}: {
  label: ReactNode;
  hint?: ReactNode;
  problem?: string | null;
  children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode;
  className?: string;
}) {
  const id = useId();
  const below = hint !== undefined || (problem ?? null) !== null;
  return (
    <div className={cn('space-y-1', className)}>
      <label htmlFor={id} className="block text-[13px] font-medium">
        {label}
      </label>
      {children({
        id,
        ...(below ? { 'aria-describedby': `${id}-below` } : {}),
        ...(problem ? { 'aria-invalid': true as const } : {}),
      })}
      {below && (
        <p id={`${id}-below`} className={cn('text-[13px]', problem ? 'text-bad' : 'text-soft')}>
          {problem ?? hint}
        </p>
      )}
    </div>
  );
}

const PAUSE_MS = 200;

/**
 * What is typed, and how it is told. The address answers late: what comes back of one's own telling must not undo what was typed since.
 * What comes from elsewhere (back, a link, a button) is taken over.
 */
export function useTyped(value: string, onChange: (value: string) => string | void) {
  const [text, setText] = useState(value);
  const told = useRef<readonly string[]>([]);
  useEffect(() => {
    const at = told.current.indexOf(value);
    // Later tellings are still to come back.
    if (at >= 0) told.current = told.current.slice(at + 1);
    else {
      told.current = [];
      setText(value);
    }
  }, [value]);
  const tell = (next: string): void => {
    const kept = onChange(next) ?? next;
    if (kept !== value) told.current = [...told.current.slice(-20), kept];
    if (kept !== next) setText((now) => (now === next ? kept : now));
  };
  return { text, setText, tell };
}

/** Told only when the typing pauses. `pauseMs`: where some texts need a longer one. */
export function SearchBox({
  value,
  onChange,
  label,
  placeholder,
  className,
  pauseMs = () => PAUSE_MS,
}: {
  value: string;
  /** Returns what stays in the box, where that is not what was typed. */
  onChange: (value: string) => string | void;
  label: string;
  placeholder?: string;
  className?: string;
  pauseMs?: (text: string) => number;
}) {
  const { text, setText, tell } = useTyped(value, onChange);
  const latest = useRef({ tell, pauseMs });
  latest.current = { tell, pauseMs };
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => latest.current.tell(text), latest.current.pauseMs(text));
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <div className={cn('relative min-w-36 flex-1 max-sm:flex-[1000_1_0%] sm:min-w-48', className)}>
      <Search className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-soft" aria-hidden />
      <Input
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        value={text}
        data-search
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') tell(text);
        }}
        className="pl-9"
      />
    </div>
  );
}
