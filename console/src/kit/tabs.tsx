import { Tabs as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useRef } from 'react';

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
  readonly content: ReactNode;
}

/**
 * Arrow keys move between them. `value` usually lives in the address, so that a link leads to the same tab; one that names none of them
 * leads to the first.
 */
export function Tabs({
  tabs,
  value,
  onChange,
  label,
}: {
  tabs: readonly Tab[];
  value: string;
  onChange: (id: string) => void;
  label: string;
}) {
  const shown = tabs.some(({ id }) => id === value) ? value : (tabs[0]?.id ?? '');
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = list.current?.querySelector<HTMLElement>(`[data-tab="${CSS.escape(shown)}"]`);
    if (at !== null && at !== undefined) inSight(list.current!, at);
  }, [shown]);
  return (
    <Radix.Root value={shown} onValueChange={onChange}>
      <Radix.List ref={list} aria-label={label} className="relative mb-4 flex gap-1 overflow-x-auto border-b">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.id}
            value={tab.id}
            data-tab={tab.id}
            className="-mb-px flex items-center focus-visible:-outline-offset-2 gap-1.5 border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap text-soft hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} tabIndex={-1}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

/** Sideways only: the page stays where it is. A little of the neighbour is seen, too, so that one knows there is more. */
function inSight(list: HTMLElement, tab: HTMLElement): void {
  const NEIGHBOUR_PX = 32;
  const left = tab.offsetLeft - NEIGHBOUR_PX;
  const right = tab.offsetLeft + tab.offsetWidth + NEIGHBOUR_PX;
  if (left < list.scrollLeft) list.scrollLeft = left;
  else if (right > list.scrollLeft + list.clientWidth) list.scrollLeft = right - list.clientWidth;
}
