import { Link } from '@tanstack/react-router';
import { ArrowUpRight, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { visible } from '../../kit/text.tsx';
import { counted } from '../../kit/time.tsx';
import { CallSections, CallStand } from '../../record/call-detail.tsx';
import { nameOfCall } from '../../record/words.ts';
import { around, handedTo, LINK_WORDS, type Story } from './story.ts';

interface PanelProps {
  readonly call: CallView | null;
  /** Those that are shown, whose numbers are. */
  readonly calls: readonly CallView[];
  readonly story: Story;
  readonly onChoose: (call: string) => void;
  readonly onClose: () => void;
}

/** The chosen call, beside the story; below it where there is no room beside. */
export function CallPanel({ call, calls, story, onChoose, onClose }: PanelProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.scrollTo({ top: 0 });
  }, [call?.call]);
  if (call === null)
    return (
      <Card className="hidden p-4 text-soft xl:block">
        Choose a call to see why it was decided like that, what went in and came out, and its proof. Arrow keys step
        through them, Space plays them one after the other.
      </Card>
    );
  return (
    <Card aria-label="The chosen call" className="xl:sticky xl:top-4 xl:flex xl:max-h-[calc(100dvh-2rem)] xl:flex-col">
      <header className="flex items-start justify-between gap-2 border-b px-4 py-3">
        <div className="min-w-0 space-y-1">
          <h2 className="text-[15px] font-semibold break-words">{visible(nameOfCall(call))}</h2>
          <CallStand call={call} />
        </div>
        <div className="flex shrink-0 gap-0.5">
          <Button asChild look="quiet" size="small" aria-label="Open as a page">
            <Link to="/calls/$id" params={{ id: call.call }}>
              <ArrowUpRight aria-hidden />
            </Link>
          </Button>
          <Button look="quiet" size="small" aria-label="Close" onClick={onClose}>
            <X aria-hidden />
          </Button>
        </div>
      </header>
      <div
        ref={box}
        tabIndex={0}
        role="region"
        aria-label="Details of the chosen call"
        className="min-h-0 flex-1 overflow-y-auto p-4 focus-visible:-outline-offset-2"
      >
        <Near call={call} calls={calls} story={story} onChoose={onChoose} />
        <CallSections call={call} compact />
      </div>
    </Card>
  );
}

function Near({ call, calls, story, onChoose }: Pick<PanelProps, 'calls' | 'story' | 'onChoose'> & { call: CallView }) {
  const { causes, effects } = around(call.call, story.links);
  const handed = handedTo(effects, story.calls);
  const lines = [
    ...causes.map(({ from, kind }) => ({ id: from, words: capital(LINK_WORDS[kind]) })),
    ...effects.flatMap(({ to, kind }) =>
      kind === 'delegated' ? [] : [{ id: to, words: kind === 'data' ? 'Its result is used by' : 'Let through' }],
    ),
  ];
  if (lines.length + handed.length === 0) return null;
  const nameOf = (id: string): string => {
    const at = calls.findIndex((each) => each.call === id);
    const named = story.calls.find((each) => each.call === id);
    return `${named === undefined ? id : nameOfCall(named)}${at < 0 ? '' : ` (call ${at + 1})`}`;
  };
  return (
    <ul className="mb-4 space-y-0.5 rounded-lg bg-sunk px-3 py-2 text-[13px]">
      {lines.map(({ id, words }) => (
        <li key={`${id} ${words}`}>
          <span className="text-soft">{words}</span> <Choose onClick={() => onChoose(id)}>{visible(nameOf(id))}</Choose>
        </li>
      ))}
      {handed.map(({ agent, first, count: n }) => (
        <li key={first}>
          <span className="text-soft">Handed on to</span>{' '}
          <Choose onClick={() => onChoose(first)}>
            {visible(agent)}, which made {counted(n, 'call')}
          </Choose>
        </li>
      ))}
    </ul>
  );
}

function Choose({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <button type="button" className="text-left text-accent hover:underline" onClick={onClick}>
      {children}
    </button>
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
