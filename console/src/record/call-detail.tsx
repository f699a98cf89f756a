import type { ReactNode } from 'react';
import type { CallView } from '../../../src/model/insight/records.ts';
import { useMay } from '../api/hooks.ts';
import { Facts } from '../kit/card.tsx';
import { Code, visible } from '../kit/text.tsx';
import { duration, Time } from '../kit/time.tsx';
import { DecideAgain } from './again.tsx';
import { Chain } from './chain.tsx';
import { Inputs, Outputs } from './content.tsx';
import { DecisionExplained } from './decision.tsx';
import { AgentLink, CallLink, PersonLink, RecordLink, ServerLink, SessionLink, TransactionLink } from './links.tsx';
import { ReceiptActions } from './receipt.tsx';
import { StandBadge } from './stand.tsx';
import { Timings } from './timings.tsx';
import { codeWords, standOf } from './words.ts';

interface SectionsProps {
  readonly call: CallView;
  readonly compact?: boolean;
  /** One below the heading it stands under. */
  readonly level?: 'h2' | 'h3';
}

/** Everything about one call, in the order people ask: how it stands, why, what went in and out, how long, and its proof. */
export function CallSections(props: SectionsProps) {
  return (
    <>
      <CallStory {...props} />
      <CallBasics {...props} />
    </>
  );
}

/** What was decided, and what went in and came out. */
export function CallStory({ call, level = 'h3' }: SectionsProps) {
  return (
    <>
      <Section title="Decision" level={level}>
        <DecisionExplained call={call} />
        <DecideAgain key={call.call} call={call} />
      </Section>
      <Section title="Inputs" level={level}>
        <Inputs call={call} />
      </Section>
      <Section title="Output" level={level}>
        <Outputs call={call} />
      </Section>
    </>
  );
}

/** Where its time went, who and where, and its proof. */
export function CallBasics({ call, compact = false, level = 'h3' }: SectionsProps) {
  const may = useMay();
  return (
    <>
      {call.timingsUs !== null && (
        <Section title="Time" level={level}>
          <Timings timings={call.timingsUs} />
        </Section>
      )}
      <Section title={compact ? 'Who and where' : 'Facts'} level={level}>
        <CallFacts call={call} compact={compact} />
      </Section>
      <Section title="Records" level={level}>
        <p className="text-[13px]">
          {call.records.map((seq, i) => (
            <span key={seq}>
              {i > 0 && ', '}
              <RecordLink seq={seq} />
            </span>
          ))}
        </p>
        {may('read.content') ? (
          <ReceiptActions key={call.call} seq={call.records[0] ?? call.seq} />
        ) : (
          <p className="text-[13px] text-soft">Receipts carry the whole record: your role does not include them.</p>
        )}
      </Section>
    </>
  );
}

interface SectionProps {
  readonly title: string;
  readonly level: 'h2' | 'h3';
  readonly children: ReactNode;
}

function Section({ title, level: Heading, children }: SectionProps) {
  return (
    <section className="mt-4 space-y-2.5 border-t pt-4 first:mt-0 first:border-0 first:pt-0">
      <Heading className="text-xs font-semibold tracking-wide text-soft uppercase">{title}</Heading>
      {children}
    </section>
  );
}

export function CallStand({ call }: { call: CallView }) {
  const stand = standOf(call);
  const code = stand === 'denied' ? call.code : call.outcomeCode;
  return (
    <span className="flex flex-wrap items-center gap-2">
      <StandBadge of={stand} />
      {code !== null && code !== '' && stand !== 'ok' && (
        <span className="text-[13px] text-soft" title={codeWords(code) ?? undefined}>
          {visible(code)}
        </span>
      )}
    </span>
  );
}

/** Each with the record that was written before its token was given out. */
function Handovers({ hops }: { hops: CallView['handovers'] }) {
  return (
    <ol className="space-y-1">
      {hops.map(({ seq, atMs, how, from, to, connection, scopes, task }) => (
        <li key={seq}>
          {how === 'exchange' ? (
            <>
              <AgentLink id={from} /> {from === to ? 'to itself, narrower' : 'to '}
              {from !== to && <AgentLink id={to} />}
              {connection !== null && (
                <>
                  , over <Code>{connection}</Code>
                </>
              )}
            </>
          ) : (
            <>
              {how === 'id-jag' ? 'by an assertion of ' : 'as a workload of '}
              <Code>{from}</Code> to <AgentLink id={to} />
            </>
          )}
          <span className="block text-xs leading-6 text-soft">
            {scopes === null ? 'no limit of its own' : `at most ${scopes.map(visible).join(' ') || 'nothing'}`}
            {task !== null && `, task ${visible(task)}`}, <Time ms={atMs} look="clock" />, record{' '}
            <RecordLink seq={seq} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function CallFacts({ call, compact }: { call: CallView; compact: boolean }) {
  return (
    <Facts
      items={[
        ['Agent', <AgentLink key="agent" id={call.agent} />],
        ['Owner', <PersonLink key="owner" id={call.owner} />],
        ['For', call.subject === null ? 'itself' : <PersonLink key="subject" id={call.subject} />],
        call.chain.length > 1 && ['Chain', <Chain key="chain" subject={call.subject} path={call.chain.toReversed()} />],
        call.handovers.length > 0 && ['Handed on', <Handovers key="hops" hops={call.handovers} />],
        ['Server', <ServerLink key="server" id={call.server} />],
        ['Action', visible(call.action)],
        call.target !== null && ['On', visible(call.target)],
        ['Began', <Time key="began" ms={call.atMs} />],
        call.endedAtMs !== null && [
          'Ended',
          <span key="ended">
            <Time ms={call.endedAtMs} />
            {call.endedAtMs > call.atMs && (
              <span className="text-soft"> after {duration(call.endedAtMs - call.atMs)}</span>
            )}
          </span>,
        ],
        call.session !== null && ['Session', <SessionLink key="session" id={call.session} />],
        call.txn !== null && ['Transaction', <TransactionLink key="txn" id={call.txn} />],
        call.task !== null && ['Task', <Code key="task">{call.task}</Code>],
        !compact && ['Surface', visible(call.surface)],
        !compact && call.purpose !== '' && ['Purpose of the agent', visible(call.purpose)],
        compact && ['Call', <CallLink key="call" id={call.call} />],
        !compact && [
          'Call',
          <Code key="call" copy>
            {call.call}
          </Code>,
        ],
      ]}
    />
  );
}
