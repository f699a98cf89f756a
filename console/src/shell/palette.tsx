import { useNavigate } from '@tanstack/react-router';
import { Bot, FileSearch } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type KeyboardEvent, type ReactNode, useDeferredValue, useState } from 'react';
import type { AgentLine } from '../../../src/model/insight/agents.ts';
import type { Page } from '../../../src/model/insight/page.ts';
import type { Me } from '../../../src/model/insight/roles.ts';
import { query } from '../api/client.ts';
import { useGet } from '../api/hooks.ts';
import { State } from '../kit/badge.tsx';
import { cn } from '../kit/cn.ts';
import { useOpener } from '../kit/opener.ts';
import { visible } from '../kit/text.tsx';
import { PLACES } from './places.ts';

interface Command {
  readonly id: string;
  readonly label: ReactNode;
  readonly run: () => void;
}

/** Anywhere by a few letters: pages, agents, the record. */
export function Palette({ me, onClose }: { me: Me; onClose: () => void }) {
  const navigate = useNavigate();
  const { opened, onCloseAutoFocus } = useOpener();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(text.trim());
  const found = useGet<Page<AgentLine>>(`/v1/agents/summaries${query({ search: asked, limit: 6 })}`, {
    enabled: asked.length > 1 && me.permissions.includes('read'),
  });
  const go = (to: string, search?: Record<string, string>) => () => {
    onClose();
    void navigate({ to, ...(search === undefined ? {} : { search: search as never }) });
  };
  const places = PLACES.flatMap(({ places: all }) => all).filter(
    ({ needs, words }) => me.permissions.includes(needs) && words.toLowerCase().includes(asked.toLowerCase()),
  );
  const commands: Command[] = [
    ...places.map(({ to, words, icon: Icon, key }) => ({
      id: to,
      label: (
        <>
          <Icon className="size-4 text-soft" aria-hidden /> {words}
          <kbd className="ml-auto text-xs text-soft">g {key}</kbd>
        </>
      ),
      run: go(to),
    })),
    ...(found.data?.items ?? []).map((agent) => ({
      id: `agent ${agent.id}`,
      label: (
        <>
          <Bot className="size-4 text-soft" aria-hidden /> {visible(agent.name)}{' '}
          <span className="text-soft">{agent.id}</span>
          <span className="ml-auto">
            <State of={agent.state} />
          </span>
        </>
      ),
      run: go(`/agents/${encodeURIComponent(agent.id)}`),
    })),
    ...(asked.length > 1
      ? [
          {
            id: 'audit',
            label: (
              <>
                <FileSearch className="size-4 text-soft" aria-hidden /> Search the record for “{asked}”
              </>
            ),
            run: go('/audit', { q: asked }),
          },
        ]
      : []),
  ];
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((at + step + commands.length) % Math.max(1, commands.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      commands[Math.min(at, commands.length - 1)]?.run();
    }
  };
  return (
    <Radix.Root
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-(--overlay)" />
        <Radix.Content
          aria-describedby={undefined}
          onOpenAutoFocus={opened}
          onCloseAutoFocus={onCloseAutoFocus}
          className="fixed top-[10vh] left-1/2 z-40 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-2xl border bg-card shadow-2xl"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <input
            role="combobox"
            aria-expanded
            aria-controls="palette-list"
            aria-activedescendant={commands.length > 0 ? `palette-${Math.min(at, commands.length - 1)}` : undefined}
            aria-label="Search pages, agents and the record"
            placeholder="Search pages, agents and the record"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
            className="h-12 w-full border-b bg-transparent px-4 text-[15px] outline-none placeholder:text-soft"
          />
          <div id="palette-list" role="listbox" aria-label="Results" className="max-h-[50vh] overflow-y-auto p-1.5">
            {commands.map((command, i) => (
              <div
                key={command.id}
                id={`palette-${i}`}
                role="option"
                aria-selected={i === Math.min(at, commands.length - 1)}
                onMouseMove={() => setAt(i)}
                onClick={command.run}
                className={cn(
                  'flex h-10 cursor-pointer items-center gap-2.5 rounded-lg px-3',
                  i === Math.min(at, commands.length - 1) && 'bg-sunk',
                )}
              >
                {command.label}
              </div>
            ))}
            {commands.length === 0 && <p className="px-3 py-6 text-center text-soft">Nothing is called like that.</p>}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
