import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';
import { useOpener } from './opener.ts';
import { visible } from './visible.ts';

interface DialogProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: ReactNode;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  /** Buttons, right-aligned, the main one last. */
  readonly footer?: ReactNode;
  readonly wide?: boolean;
}

/** It says what will be done to whom: nothing in a name may hide or turn that around. */
function readable(text: ReactNode): ReactNode {
  return typeof text === 'string' ? visible(text) : text;
}

/** Whoever opens a dialog wants to fill it in, not to close it again. */
function focusFirstField(event: Event): void {
  const content = event.currentTarget as HTMLElement | null;
  const asked = content?.querySelector<HTMLElement>('[autofocus]');
  const first = content?.querySelector<HTMLElement>(
    'input:not([type=hidden]):not(:disabled):not([type=radio]:not(:checked)), textarea:not(:disabled), select:not(:disabled)',
  );
  const field = asked ?? first;
  event.preventDefault();
  // Where there is nothing to fill in, it is read: no button is proposed.
  (field ?? content)?.focus();
}

/** In front of the page, holding the focus; on phones from below, over the whole width. */
export function Dialog({ open, onOpenChange, title, description, children, footer, wide = false }: DialogProps) {
  const { opened, onCloseAutoFocus } = useOpener();
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-(--overlay)" />
        <Radix.Content
          onOpenAutoFocus={(event) => {
            opened();
            focusFirstField(event);
          }}
          onCloseAutoFocus={onCloseAutoFocus}
          {...(description === undefined ? { 'aria-describedby': undefined } : {})}
          className={cn(
            'fixed inset-x-0 bottom-0 z-40 flex max-h-[92dvh] outline-none animate-[appear_150ms_ease-out] flex-col rounded-t-2xl border bg-card shadow-2xl sm:inset-x-auto sm:top-[8vh] sm:bottom-auto sm:left-1/2 sm:max-h-[84vh] sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:rounded-2xl',
            wide ? 'sm:max-w-4xl' : 'sm:max-w-lg',
          )}
        >
          <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
            <div className="min-w-0">
              <Radix.Title className="text-[17px] font-semibold tracking-tight">{readable(title)}</Radix.Title>
              {description !== undefined && (
                <Radix.Description className="mt-0.5 text-soft">{readable(description)}</Radix.Description>
              )}
            </div>
            <Radix.Close aria-label="Close" className="-mr-1.5 rounded-md p-1.5 text-soft hover:bg-sunk hover:text-ink">
              <X className="size-4.5" aria-hidden />
            </Radix.Close>
          </header>
          {/* Focusable, so that it can be scrolled with the keyboard. */}
          <div tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">
            {children}
          </div>
          {footer !== undefined && (
            <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3">{footer}</footer>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
