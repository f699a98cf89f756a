import { Fragment, useSyncExternalStore } from 'react';
import type { SentencePart } from '../../../../src/model/approval.ts';
import type { ApprovalLine } from '../../../../src/model/insight/approvals.ts';
import { Badge } from '../../kit/badge.tsx';
import { cn } from '../../kit/cn.ts';
import { Code } from '../../kit/text.tsx';
import { useNow } from '../../kit/time.tsx';
import { amountWords, EFFECTS, leftWords, STATES, valueText } from './words.ts';

/** Text a person reviewed, with the agent's values set apart: data, never words of ours. */
export function Sentence({ parts }: { parts: readonly SentencePart[] }) {
  return parts.map((part, i) => {
    if ('text' in part) return <Fragment key={i}>{part.text}</Fragment>;
    const words = part.missing ? `no ${part.argument}` : valueText(part.value);
    return (
      <bdi
        key={i}
        className={cn(
          'rounded px-1',
          // A code stays in one piece: LAP-14 is no LAP- at the end of a line.
          words.length <= 24 && 'whitespace-nowrap',
          part.missing ? 'text-soft italic' : 'bg-accent-tint font-semibold',
        )}
        title={part.argument}
      >
        {words}
      </bdi>
    );
  });
}

/** The sentence, or which tool it is where what it says is hidden. */
export function Said({ of }: { of: Pick<ApprovalLine, 'sentence' | 'server' | 'target' | 'action'> }) {
  if (of.sentence !== null) return <Sentence parts={of.sentence} />;
  return (
    <>
      Run <Code>{`${of.server}/${of.target ?? of.action}`}</Code>
    </>
  );
}

/** What should catch the eye. */
export function Marks({ of }: { of: ApprovalLine }) {
  const grave = of.effect === null || (of.effect !== 'read' && of.effect !== 'write');
  return (
    <>
      {of.amount !== null && <Badge>{amountWords(of.amount, of.currency)}</Badge>}
      {grave && <Badge tone="bad">{of.effect === null ? 'Unlabelled' : EFFECTS[of.effect]}</Badge>}
      {of.untrusted && <Badge tone="bad">Untrusted values</Badge>}
      {of.reversible === false && <Badge tone="warn">Cannot be undone</Badge>}
      {of.changed && <Badge tone="warn">Arguments changed</Badge>}
    </>
  );
}

export function StateOf({ of }: { of: ApprovalLine['state'] }) {
  const [tone, words] = STATES[of];
  return <Badge tone={tone}>{words}</Badge>;
}

export function Left({ untilMs }: { untilMs: number }) {
  const left = untilMs - useNow(1_000);
  return (
    <time
      dateTime={new Date(untilMs).toISOString()}
      className={cn('tabular font-medium whitespace-nowrap', left < 120_000 ? 'text-bad' : 'text-ink')}
    >
      {left <= 0 ? 'expired' : leftWords(left)}
    </time>
  );
}

const wide = window.matchMedia('(min-width: 1024px)');

/** Whether list and request stand side by side. */
export function useWide(): boolean {
  return useSyncExternalStore(
    (listener) => {
      wide.addEventListener('change', listener);
      return () => wide.removeEventListener('change', listener);
    },
    () => wide.matches,
  );
}
