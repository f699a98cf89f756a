import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { cn } from './cn.ts';
import { toast } from './toast.tsx';
import { visible } from './visible.ts';

export { visible };

/** Into the clipboard; where the browser has none for this address, or lets nobody in, the person is told. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast({ tone: 'bad', text: 'This browser does not let the page copy here: select the text and copy it.' });
    return false;
  }
}

/** An id or code: monospaced, copied with one click where wanted. */
export function Code({ children, copy = false, className }: { children: string; copy?: boolean; className?: string }) {
  const [copied, setCopied] = useState(false);
  const code = <code className={cn('font-mono text-[0.92em]', className)}>{visible(children)}</code>;
  if (!copy) return code;
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      {code}
      <button
        type="button"
        aria-label={copied ? 'Copied' : `Copy ${children}`}
        className="rounded p-0.5 text-soft hover:text-ink"
        onClick={() => {
          void copyText(children).then((done) => {
            if (!done) return;
            setCopied(true);
            setTimeout(() => setCopied(false), 1500);
          });
        }}
      >
        {copied ? <Check className="size-3.5 text-good" aria-hidden /> : <Copy className="size-3.5" aria-hidden />}
      </button>
    </span>
  );
}

/** Any value as readable text. Never markup: whatever an agent or a server put there is only text. */
export function Json({ value, className }: { value: unknown; className?: string }) {
  return (
    <pre
      tabIndex={0}
      className={cn(
        'max-h-96 overflow-auto rounded-lg bg-sunk p-3 font-mono text-[12.5px] leading-relaxed break-words whitespace-pre-wrap',
        className,
      )}
    >
      {visible(typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'null'))}
    </pre>
  );
}

/** A key to press. */
export function Kbd({ children }: { children: string }) {
  return <kbd className="rounded border bg-sunk px-1 py-px font-sans text-[11px] text-soft">{children}</kbd>;
}
