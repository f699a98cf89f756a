import { DropdownMenu as Radix, Tooltip as RadixTip } from 'radix-ui';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';

export interface MenuItem {
  readonly label: ReactNode;
  readonly onSelect: () => void;
  readonly danger?: boolean;
  readonly disabled?: boolean;
}

export function Menu({ trigger, items }: { trigger: ReactNode; items: readonly MenuItem[] }) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="end" sideOffset={4} className="z-50 min-w-44 rounded-xl border bg-card p-1 shadow-lg">
          {items.map((item, i) => (
            <Radix.Item
              key={i}
              disabled={item.disabled ?? false}
              onSelect={item.onSelect}
              className={cn(
                'flex cursor-pointer items-center gap-2 rounded-lg px-2.5 py-1.5 outline-none data-disabled:opacity-50 data-highlighted:bg-sunk',
                item.danger && 'text-bad',
              )}
            >
              {item.label}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A few more words on hover and on focus. Never the only place where something is said. */
export function Tip({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <RadixTip.Provider delayDuration={300}>
      <RadixTip.Root>
        <RadixTip.Trigger asChild>{children}</RadixTip.Trigger>
        <RadixTip.Portal>
          <RadixTip.Content
            sideOffset={4}
            className="z-50 max-w-72 rounded-lg bg-ink px-2.5 py-1.5 text-[13px] text-ground shadow-lg"
          >
            {text}
          </RadixTip.Content>
        </RadixTip.Portal>
      </RadixTip.Root>
    </RadixTip.Provider>
  );
}
