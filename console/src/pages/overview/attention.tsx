import { Link } from '@tanstack/react-router';
import { ChevronRight, CircleCheck } from 'lucide-react';
import type { Attention } from '../../../../src/model/insight/overview.ts';
import { Badge, type Tone } from '../../kit/badge.tsx';
import { Panel } from '../../kit/card.tsx';
import { Empty } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { pathOf } from './path-of.ts';

const TONES: Readonly<Record<Attention['severity'], Tone>> = {
  critical: 'bad',
  high: 'bad',
  medium: 'warn',
  low: 'plain',
};

/** What needs somebody, the most urgent first; each a way to where it is dealt with. */
export function AttentionList({ attention }: { attention: readonly Attention[] }) {
  return (
    <Panel title="Needs attention">
      {attention.length === 0 ? (
        <Empty icon={CircleCheck} title="Nothing needs you">
          Waiting approvals, orphaned agents, changed tools, locks and failing servers appear here.
        </Empty>
      ) : (
        <ul className="-m-4 divide-y">
          {attention.map(({ kind, severity, text, href }) => (
            <li key={`${kind} ${text}`}>
              <Link
                to={pathOf(href).to}
                search={pathOf(href).search as never}
                className="flex items-center gap-3 px-4 py-2.5 hover:bg-sunk"
              >
                <Badge tone={TONES[severity]}>{severity}</Badge>
                <span className="min-w-0 flex-1">{visible(text)}</span>
                <ChevronRight className="size-4 shrink-0 text-soft" aria-hidden />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
