import { Check, CircleDashed, CircleHelp, X } from 'lucide-react';
import type { CallView } from '../../../src/model/insight/records.ts';
import { TierBadge } from '../kit/badge.tsx';
import { cn } from '../kit/cn.ts';
import { visible } from '../kit/text.tsx';
import { ApprovalLink, PersonLink, PolicyLink } from './links.tsx';
import { codeWords, readReason, readTier, TIERS, type TierAnswer } from './words.ts';

type Decided = Pick<
  CallView,
  | 'effect'
  | 'code'
  | 'reasons'
  | 'errors'
  | 'obligations'
  | 'tiers'
  | 'lock'
  | 'approval'
  | 'approvedBy'
  | 'policyVersion'
>;

/** Why it was decided like that: each tier's answer, the policies behind it, who stopped it, who said yes. */
export function DecisionExplained({ call }: { call: Decided }) {
  const words = whyNot(call);
  return (
    <div className="space-y-3">
      {words !== null && <p>{words}</p>}
      {call.tiers !== null && (
        <ol className="space-y-1.5" aria-label="Answers of the tiers, in order">
          {TIERS.map(([tier, question]) => (
            <TierLine key={tier} question={question} answer={readTier(call.tiers?.[tier])} />
          ))}
        </ol>
      )}
      <Because call={call} />
    </div>
  );
}

/** Of what went on with the answer of people the code still says that a policy asked: it forbade nothing. */
function whyNot({ effect, code }: Decided): string | null {
  if (effect === 'deny' || code === 'approval-pending') return codeWords(code);
  return effect === 'ask' ? 'Policies asked people first; it went on with their answer.' : null;
}

const MARKS = {
  permit: [Check, 'text-good', 'permits'],
  deny: [X, 'text-bad', 'denies'],
  ask: [CircleHelp, 'text-warn', 'asks people'],
  silent: [CircleDashed, 'text-soft', 'nothing to say'],
} as const;

function TierLine({ question, answer }: { question: string; answer: TierAnswer }) {
  const [Icon, color, words] = MARKS[answer.verdict];
  return (
    <li className="flex items-start gap-2">
      <Icon className={cn('mt-0.5 size-4 shrink-0', color)} aria-hidden />
      <span className="min-w-0">
        {question}: <span className={color}>{words}</span>
        {answer.why !== null && <span className="text-soft"> ({visible(answer.why)})</span>}
      </span>
    </li>
  );
}

function Because({ call }: { call: Decided }) {
  const rows: (readonly [string, React.ReactNode])[] = [];
  if (call.reasons.length > 0)
    rows.push([
      'Because of',
      <ul key="reasons" className="space-y-0.5">
        {call.reasons.map((reason) => (
          <li key={reason}>
            <ReasonText text={reason} />
          </li>
        ))}
      </ul>,
    ]);
  if (call.errors.length > 0)
    rows.push([
      'Errors',
      <ul key="errors" className="space-y-0.5 text-bad">
        {call.errors.map((error) => (
          <li key={error}>{visible(error)}</li>
        ))}
      </ul>,
    ]);
  if (call.obligations.length > 0)
    rows.push([
      'Obligations',
      <ul key="obligations" className="space-y-0.5">
        {call.obligations.map((each) => (
          <li key={each}>{visible(each)}</li>
        ))}
      </ul>,
    ]);
  if (isTier(call.lock)) rows.push(['Lock', <TierBadge key="lock" tier={call.lock} />]);
  else if (call.lock !== null) rows.push(['Lock', visible(call.lock)]);
  if (call.approval !== null) rows.push(['Approval', <ApprovalText key="approval" call={call} />]);
  rows.push([
    'Policies',
    <code key="version" className="font-mono text-[0.92em] break-all">
      {visible(call.policyVersion)}
    </code>,
  ]);
  return (
    <dl className="grid grid-cols-[6.5rem_1fr] gap-x-3 gap-y-1.5 text-[13px]">
      {rows.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ApprovalText({ call }: { call: Decided }) {
  const own = /^(standing-|route:)/.test(call.approval ?? '');
  return (
    <>
      {own ? (
        <code className="font-mono text-[0.92em]">{visible(call.approval!)}</code>
      ) : (
        <ApprovalLink id={call.approval!} />
      )}
      {call.approvedBy.length > 0 && (
        <>
          {', answered by '}
          {call.approvedBy.map((person, i) => (
            <span key={person}>
              {i > 0 && ', '}
              <PersonLink id={person} />
            </span>
          ))}
        </>
      )}
    </>
  );
}

export function ReasonText({ text }: { text: string }) {
  const { policy, own } = readReason(text);
  if (policy !== null) return <PolicyLink {...policy} />;
  if (own !== null) return <span>{codeWords(own) ?? visible(own)}</span>;
  return <span>{visible(text)}</span>;
}

function isTier(lock: string | null): lock is 'watch' | 'pause' | 'halt' {
  return lock === 'watch' || lock === 'pause' || lock === 'halt';
}
