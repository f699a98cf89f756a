import { Link } from '@tanstack/react-router';
import { CircleAlert, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ToolView } from '../../../../../src/model/insight/estate.ts';
import { Badge, State } from '../../../kit/badge.tsx';
import { Card } from '../../../kit/card.tsx';
import { cn } from '../../../kit/cn.ts';
import { Code, visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { Difference } from './difference.tsx';
import { FINDINGS, FROM, GRAVE, LABELS, labelValue, pathOf } from './words.ts';

/** One tool as somebody reviews it: why it waits, what changed, what it counts as and who said so. */
export function ToolCard({ tool, actions, bare = false }: { tool: ToolView; actions?: ReactNode; bare?: boolean }) {
  const waits = tool.state === 'quarantined';
  const Frame = bare ? 'section' : Card;
  return (
    <Frame className="min-w-0" aria-label={`${tool.server}/${tool.tool}`}>
      <header className={cn('flex flex-wrap items-start justify-between gap-3', bare ? 'pb-4' : 'border-b px-4 py-3')}>
        <div className="min-w-0">
          <h2 className="flex flex-wrap items-center gap-2 text-[16px] font-semibold">
            <Code copy>{tool.tool}</Code> <State of={tool.state} />
          </h2>
          <p className="mt-0.5 text-[13px] text-soft">
            at{' '}
            <Link to="/servers/$id" params={{ id: tool.server }} className="underline">
              {tool.server}
            </Link>
            , shown like this since <Time ms={tool.seenAtMs} />
          </p>
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      <div className={cn('space-y-5', !bare && 'p-4')}>
        {waits && <Why tool={tool} />}
        <Difference key={`${tool.server}/${tool.tool}/${tool.seenHash}`} tool={tool} />
        <Labels tool={tool} />
      </div>
    </Frame>
  );
}

function Why({ tool }: { tool: ToolView }) {
  return (
    <section aria-label="Why it waits">
      <h3 className="mb-2 font-semibold">Why it waits</h3>
      <ul className="space-y-2">
        {tool.findings.map(({ code, message, at }, i) => {
          const grave = GRAVE.has(code);
          const Icon = grave ? CircleAlert : Info;
          return (
            <li
              key={i}
              className={cn(
                'flex gap-2.5 rounded-lg border px-3 py-2',
                grave ? 'border-bad-line bg-bad-tint text-bad' : 'border-warn-line bg-warn-tint text-warn',
              )}
            >
              <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
              <div className="min-w-0">
                <p className="font-medium">{FINDINGS[code] ?? code}</p>
                <p className="text-[13px]">
                  {visible(message)}
                  {at !== '' && !message.includes(at) && <> (in {visible(pathOf(at))})</>}
                </p>
              </div>
            </li>
          );
        })}
      </ul>
      {!tool.acceptable && (
        <p className="mt-2 text-soft">
          Nobody can accept it like this: the server must change it first. Until then no agent sees it.
        </p>
      )}
    </section>
  );
}

function Labels({ tool }: { tool: ToolView }) {
  return (
    <section aria-label="Labels">
      <h3 className="mb-2 font-semibold">What it counts as</h3>
      <div className="overflow-x-auto rounded-lg border">
        <table className="w-full text-left text-[13px]">
          <thead className="border-b bg-sunk text-xs text-soft">
            <tr>
              <th scope="col" className="px-3 py-1.5 font-medium">
                Label
              </th>
              <th scope="col" className="px-3 py-1.5 font-medium">
                <span className="sm:inline-block sm:w-32">Value</span>
                <span className="max-sm:sr-only">Said by</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {tool.labels.map(({ name, value, from }) => (
              <tr key={name} className="border-b last:border-0">
                <th scope="row" className="w-28 px-3 sm:w-44 py-1.5 align-top font-normal">
                  {LABELS[name]}
                </th>
                {/* Side by side; on a phone one below the other. */}
                <td className="px-3 py-1.5">
                  <span className="block sm:inline-block sm:w-32">
                    <EffectBadge name={name} value={value} />
                  </span>
                  <span className="text-soft">{FROM[from]}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="mt-1.5 text-[13px] text-soft">
        Policies test these labels. Change one under <Code>{`servers.${tool.server}.tools`}</Code> in the configuration.
      </p>
    </section>
  );
}

const TONES: Readonly<Record<string, 'plain' | 'warn' | 'bad'>> = {
  destructive: 'bad',
  credential: 'bad',
  external: 'warn',
  restricted: 'warn',
  confidential: 'warn',
};

function EffectBadge({ name, value }: { name: string; value: string | boolean }) {
  const risky = (name === 'reversible' && value === false) || (name === 'untrustedOutput' && value === true);
  return <Badge tone={TONES[String(value)] ?? (risky ? 'warn' : 'plain')}>{labelValue(value)}</Badge>;
}
