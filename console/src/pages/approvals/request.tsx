import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ShownRequest } from '../../../../src/model/approval.ts';
import type { ApprovalView } from '../../../../src/model/insight/approvals.ts';
import { Badge } from '../../kit/badge.tsx';
import { Facts } from '../../kit/card.tsx';
import { cn } from '../../kit/cn.ts';
import { Code, visible } from '../../kit/text.tsx';
import { Sentence } from './parts.tsx';
import { amountWords, argumentRows, EFFECTS, OUTCOMES } from './words.ts';

/** One question of a careful person, and its answer. */
export function Part({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className="border-t px-5 py-4">
      <h3 className="mb-2 text-[13px] font-semibold">
        {title}
        {note !== undefined && <span className="ml-2 font-normal text-soft">{note}</span>}
      </h3>
      {children}
    </section>
  );
}

/** Everything the gateway knows of what was asked, in the order of the page where it is answered. */
export function RequestParts({ view, shown }: { view: ApprovalView; shown: ShownRequest }) {
  return (
    <>
      <Arguments view={view} shown={shown} />
      <What shown={shown} />
      <WhoAsks view={view} shown={shown} />
      <Before shown={shown} askedAtMs={view.requestedAtMs} />
    </>
  );
}

function Arguments({ view, shown }: { view: ApprovalView; shown: ShownRequest }) {
  const title =
    view.state === 'approved' || view.state === 'consumed'
      ? 'Exactly this was approved'
      : view.state === 'pending'
        ? 'Exactly this would run'
        : 'What was asked';
  const tool = <Code>{`${shown.server}/${shown.target ?? shown.action}`}</Code>;
  if ((shown.argumentsDigest ?? null) !== null)
    return (
      <Part title={title} note={tool}>
        <p>
          <Badge tone="bad">Not disclosed</Badge> The agent does not say with which arguments. Only those with this
          SHA-256 run: <Code>{shown.argumentsDigest ?? ''}</Code>
        </p>
      </Part>
    );
  const rows = argumentRows(shown, view.change?.arguments ?? null);
  return (
    <Part title={title} note={tool}>
      {rows.length === 0 ? (
        <p className="text-soft">It has no arguments.</p>
      ) : (
        <dl className="divide-y rounded-lg border">
          {rows.map((row) => {
            const bad = row.origins.some(({ tone }) => tone === 'bad');
            return (
              <div
                key={row.name}
                className={cn(
                  'grid gap-x-3 px-3 py-2 sm:grid-cols-[9rem_minmax(0,1fr)_minmax(0,13rem)]',
                  bad && 'bg-bad-tint',
                  'was' in row && 'bg-warn-tint',
                )}
              >
                <dt className="font-mono text-[12.5px] font-semibold">{visible(row.name)}</dt>
                <dd className="min-w-0">
                  {'was' in row && <Value value={row.was} className="text-soft line-through" />}
                  <Value value={row.value} />
                </dd>
                <dd className="text-[13px] text-soft">
                  {'was' in row && 'Changed by a person'}
                  {row.origins.map(({ at, tone, words, source }) => (
                    <span key={`${at} ${words}`} className={cn('block', tone === 'bad' && 'font-medium text-bad')}>
                      {at !== '' && <Code>{`${at} `}</Code>}
                      {words}
                      {source !== null && <Code className="block">{source}</Code>}
                    </span>
                  ))}
                </dd>
              </div>
            );
          })}
        </dl>
      )}
      {Object.entries(shown.also ?? {}).map(([name, value]) => (
        <p key={name} className="mt-2">
          <Badge tone="warn">Sent besides</Badge> <Code>{name}</Code> <Value value={value} />
        </p>
      ))}
    </Part>
  );
}

function Value({ value, className }: { value: unknown; className?: string }) {
  if (value === undefined || value === null)
    return <span className={cn('block text-soft italic', className)}>{value === null ? 'null' : 'left out'}</span>;
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, typeof value === 'object' ? 2 : 0);
  return (
    <bdi
      className={cn(
        'block max-h-60 overflow-y-auto whitespace-pre-wrap',
        typeof value !== 'string' && 'tabular',
        className,
      )}
    >
      {visible(text)}
    </bdi>
  );
}

function What({ shown }: { shown: ShownRequest }) {
  const grave = shown.effect === null || shown.effect === 'destructive' || shown.effect === 'credential';
  const effect = shown.effect === null ? 'Nobody said what it does' : EFFECTS[shown.effect];
  return (
    <Part title="What it does">
      <Facts
        items={[
          ['Effect', <Badge tone={grave ? 'bad' : shown.effect === 'read' ? 'good' : 'warn'}>{effect}</Badge>],
          shown.touches !== null && ['Touches', <Sentence parts={shown.touches} />],
          ['Can be undone', <Undo shown={shown} />],
          shown.amount !== null && ['Amount', <strong>{amountWords(shown.amount, shown.currency)}</strong>],
          ['Data', shown.dataClass ?? 'not classified'],
          ['Environment', shown.environment ?? 'not stated'],
        ]}
      />
    </Part>
  );
}

function Undo({ shown: { reversible, undo } }: { shown: ShownRequest }) {
  if (reversible === null && undo === null)
    return <span className="text-soft">Nobody said so: take it that it cannot</span>;
  return (
    <>
      {reversible !== null && <Badge tone={reversible ? 'good' : 'bad'}>{reversible ? 'Yes' : 'No'}</Badge>} {undo}
    </>
  );
}

function WhoAsks({ view, shown }: { view: ApprovalView; shown: ShownRequest }) {
  const { agent, subject, chain, task, bindingMessage = null } = shown;
  return (
    <Part title="Who asks">
      <Facts
        items={[
          [
            'Agent',
            <>
              <Link to="/agents/$id" params={{ id: agent.id }} className="font-medium text-accent hover:underline">
                {visible(agent.name)}
              </Link>{' '}
              <Code className="text-soft">{agent.id}</Code> <Badge>{agent.riskTier} risk</Badge>
            </>,
          ],
          ['Answers for it', visible(agent.ownerName ?? agent.owner)],
          [
            'Acts for',
            subject === null ? 'itself, for no person' : `${visible(subject.name)} (${visible(subject.id)})`,
          ],
          chain.length > 0 && [
            'Through',
            [...chain].reverse().map(({ id, kind }, i) => (
              <span key={`${kind} ${id}`}>
                {i > 0 && <span className="text-soft"> → </span>}
                <Code>{id}</Code>
              </span>
            )),
          ],
          ['Its purpose', visible(shown.purpose)],
          bindingMessage !== null && ['It says', <q>{visible(bindingMessage)}</q>],
          task !== null && [
            'Task',
            <>
              {task.purpose !== null && visible(task.purpose)} <Code className="text-soft">{task.id}</Code>
            </>,
          ],
          view.messages.length > 0 && ['Why people are asked', view.messages.map(visible).join(' ')],
          [
            'Policies',
            view.reasons.length === 0
              ? 'none by name'
              : view.reasons.map((reason) => (
                  <Code key={reason} className="mr-2">
                    {reason}
                  </Code>
                )),
          ],
          [
            'Version',
            <Link
              to="/policies/versions/$id"
              params={{ id: view.policyVersion }}
              className="text-accent hover:underline"
            >
              <Code>{view.policyVersion.slice(0, 16)}</Code>
            </Link>,
          ],
        ]}
      />
    </Part>
  );
}

function Before({ shown: { session }, askedAtMs }: { shown: ShownRequest; askedAtMs: number }) {
  const counted = `${session.calls === 1 ? '1 call' : `${session.calls} calls`}, ${session.denied} denied, ${session.asked} asked`;
  return (
    <Part title="What it did before" note={counted}>
      {session.readUntrusted && (
        <p className="mb-2">
          <Badge tone="warn">It has read content anybody could have written</Badge>
        </p>
      )}
      {session.recent.length === 0 ? (
        <p className="text-soft">This is the first thing it does in this session.</p>
      ) : (
        <ol className="divide-y text-[13px]">
          {session.recent.slice(-10).map(({ atMs, tool, outcome }, i) => {
            const [tone, words] = OUTCOMES[outcome] ?? ['plain', outcome];
            return (
              <li key={i} className="flex items-center gap-3 py-1.5">
                <Code className="min-w-0 flex-1 truncate">{tool}</Code>
                <span className="tabular text-soft">{Math.max(0, Math.round((askedAtMs - atMs) / 1000))} s before</span>
                <Badge tone={tone}>{words}</Badge>
              </li>
            );
          })}
        </ol>
      )}
      {session.id !== null && (
        <p className="mt-2 text-[13px]">
          <Link to="/sessions/$id" params={{ id: session.id }} className="text-accent hover:underline">
            The whole session
          </Link>
        </p>
      )}
    </Part>
  );
}
