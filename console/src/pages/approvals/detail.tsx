import { Link } from '@tanstack/react-router';
import { Download, KeyRound, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { ApprovalView } from '../../../../src/model/insight/approvals.ts';
import { address } from '../../api/client.ts';
import { useGet, useMay, useMe } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/card.tsx';
import { cn } from '../../kit/cn.ts';
import { Answered } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { Left, Marks, Said, StateOf } from './parts.tsx';
import { Part, RequestParts } from './request.tsx';
import { PROVEN } from './words.ts';

/** Where it is answered: the gateway's own page, which leads back here. */
export function answerPage(id: string): string {
  return `/approvals/${encodeURIComponent(id)}?from=console`;
}

export function ApprovalDetail({ id }: { id: string }) {
  const asked = useGet<ApprovalView>(`/v1/approvals/${encodeURIComponent(id)}/view`, { everyMs: 4_000 });
  return (
    <Card className="min-w-0">
      <Answered query={asked} lines={12}>
        {(view) => <Whole view={view} />}
      </Answered>
    </Card>
  );
}

function Whole({ view }: { view: ApprovalView }) {
  const pending = view.state === 'pending';
  return (
    <article aria-label="Request">
      <header className="px-5 py-4">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-soft">
          <StateOf of={view.state} />
          <span>
            asked <Time ms={view.requestedAtMs} look="ago" />
          </span>
          {pending && (
            <span className="ml-auto">
              expires in <Left untilMs={view.expiresAtMs} />
            </span>
          )}
        </p>
        <h2 className="mt-2 text-xl leading-snug font-semibold tracking-tight">
          <Said of={view} />
        </h2>
        <p className="mt-2 flex flex-wrap gap-1.5 empty:hidden">
          <Marks of={view} />
        </p>
        <Warnings view={view} />
        <Doing view={view} />
      </header>
      <Answers view={view} />
      {view.shown === null ? (
        <Part title="What was asked">
          <p className="text-soft">
            The arguments are hidden from your role. Auditors, operators and whoever is asked see them.
          </p>
        </Part>
      ) : (
        <RequestParts view={view} shown={view.shown} />
      )}
      <Proof view={view} />
    </article>
  );
}

function Warnings({ view }: { view: ApprovalView }) {
  const untrusted = (view.shown?.origins ?? []).filter(({ from }) => from === 'untrusted-result');
  return (
    <div className="mt-3 space-y-2 empty:hidden">
      {untrusted.length > 0 && (
        <Warning tone="bad">
          <strong>
            Somebody else may have chosen {untrusted.length === 1 ? 'a value' : `${untrusted.length} values`} of this.
          </strong>{' '}
          {untrusted.slice(0, 5).map(({ at, source }, i) => (
            <span key={at}>
              {i > 0 && ', '}
              <Code>{at.slice(1)}</Code>
              {source !== null && (
                <>
                  {' '}
                  (read with <Code>{source}</Code>)
                </>
              )}
            </span>
          ))}{' '}
          came from content anybody could have written. Check it against a source you trust.
        </Warning>
      )}
      {view.change !== null && (
        <Warning tone="warn">
          <strong>{visible(view.change.by.name)} changed the arguments.</strong> What runs is the change.
        </Warning>
      )}
      {view.shown?.watched === true && (
        <Warning tone="warn">Something this call touches is being watched: an operator wants to know of it.</Warning>
      )}
    </div>
  );
}

function Warning({ tone, children }: { tone: 'bad' | 'warn'; children: ReactNode }) {
  return (
    <div
      className={cn(
        'flex gap-2.5 rounded-lg border px-3 py-2 text-[13px]',
        tone === 'bad' ? 'border-bad-line bg-bad-tint text-bad' : 'border-warn-line bg-warn-tint text-warn',
      )}
    >
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <p className="min-w-0">{children}</p>
    </div>
  );
}

/** What whoever looks can do about it, and why not where they cannot. */
function Doing({ view }: { view: ApprovalView }) {
  const may = useMay();
  const [withdrawing, setWithdrawing] = useState(false);
  if (view.state !== 'pending') return null;
  return (
    <>
      <div className="sticky bottom-0 z-10 -mx-5 mt-4 flex flex-wrap items-center gap-2 bg-card px-5 py-2 lg:static lg:py-0">
        {view.mine ? (
          <Button asChild look="accent" size="large" className="flex-1 sm:flex-none">
            <a href={answerPage(view.id)}>
              <KeyRound aria-hidden /> {view.assurance === 'passkey' ? 'Answer with passkey' : 'Answer'}
              <kbd className="ml-1 hidden rounded border border-current/40 px-1 font-sans text-[11px] lg:inline">
                Enter
              </kbd>
            </a>
          </Button>
        ) : (
          <p className="min-w-0 flex-1 text-[13px] text-soft">
            You cannot answer this: {visible(view.whyNot ?? 'it is over')}.
          </p>
        )}
        {may('approvals.withdraw') && <Button onClick={() => setWithdrawing(true)}>Withdraw…</Button>}
      </div>
      <Act
        open={withdrawing}
        onOpenChange={setWithdrawing}
        title="Withdraw this request"
        description="It ends without an answer: nobody is asked any more, and the call does not run. The agent is told."
        verb="Withdraw"
        danger
        order={(reason) => ({
          method: 'POST',
          path: `/v1/approvals/${encodeURIComponent(view.id)}/withdraw`,
          body: { reason },
        })}
        done="Withdrawn. Nothing runs."
      >
        <p className="font-medium">
          <Said of={view} />
        </p>
      </Act>
    </>
  );
}

function Answers({ view }: { view: ApprovalView }) {
  const pending = view.state === 'pending';
  return (
    <Part
      title={pending ? 'Who must answer' : 'Who answered'}
      note={
        <>
          policies ask for{' '}
          {view.asks.map((ask) => (
            <Code key={ask} className="mr-1.5">
              {ask}
            </Code>
          ))}
        </>
      }
    >
      <ul className="space-y-2">
        {view.answers.map(({ person, verdict, reason, atMs, assurance, counts }) => (
          <li key={`${person.id} ${atMs}`} className={cn(!counts && 'opacity-80')}>
            <Badge tone={verdict === 'approved' ? 'good' : 'bad'}>
              {verdict === 'approved' ? 'Approved' : 'Denied'}
            </Badge>{' '}
            <strong className="font-medium">{visible(person.name)}</strong>{' '}
            <span className="text-[13px] text-soft">
              <Time ms={atMs} />, {PROVEN[assurance]}
              {!counts && ', of what it was before it was changed'}
            </span>
            {reason !== null && reason !== '' && (
              <p className="mt-0.5 border-l-2 pl-2.5 whitespace-pre-wrap">{visible(reason)}</p>
            )}
          </li>
        ))}
        {view.needed.map((words, i) => (
          <li key={i} className="flex items-center gap-2">
            <span aria-hidden className="size-2.5 shrink-0 rounded-full border-2 border-edge" />
            <span>
              <span className="sr-only">Still needed: </span>
              {visible(words)}
            </span>
          </li>
        ))}
      </ul>
      {view.answers.length === 0 && !pending && <p className="text-soft">Nobody answered.</p>}
      {pending && (
        <p className="mt-2 text-[13px] text-soft">
          {view.mayAnswer.length === 0
            ? 'Nobody who is there now could answer it.'
            : `Could answer now: ${view.mayAnswer
                .slice(0, 8)
                .map(({ name }) => visible(name))
                .join(', ')}${view.mayAnswer.length > 8 ? ` and ${view.mayAnswer.length - 8} more` : ''}.`}
        </p>
      )}
    </Part>
  );
}

/** What of it is on record, and how somebody else checks it. */
function Proof({ view }: { view: ApprovalView }) {
  const may = useMay();
  const me = useMe().data;
  const own = view.answers.some(({ person }) => person.id === me?.id);
  const receipt = may('read.content')
    ? address(`/v1/approvals/${encodeURIComponent(view.id)}/receipt`)
    : own
      ? `/approvals/${encodeURIComponent(view.id)}/receipt`
      : null;
  const call = view.usedBy?.call ?? view.shown?.call ?? null;
  return (
    <Part title="On record">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2 text-[13px]">
        <span>
          Request <Code copy>{view.id}</Code>
        </span>
        {call !== null && (
          <Link to="/calls/$id" params={{ id: call }} className="text-accent hover:underline">
            {view.usedBy === null ? 'The call that asked' : 'The call it let through'}
          </Link>
        )}
        {view.receipt !== null && (
          <span className="text-soft">
            Outcome: record {view.receipt.seq} of <Code>{view.receipt.journal}</Code>
          </span>
        )}
        {view.receipt !== null && receipt !== null && (
          <a
            href={receipt}
            download={`approval-${view.id}.receipt`}
            className="inline-flex items-center gap-1 text-accent hover:underline"
          >
            <Download className="size-3.5" aria-hidden /> Download the receipt
          </a>
        )}
      </div>
    </Part>
  );
}
