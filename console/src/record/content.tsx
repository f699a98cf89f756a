import { EyeOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { CallView } from '../../../src/model/insight/records.ts';
import { Badge } from '../kit/badge.tsx';
import { Code, Json, visible } from '../kit/text.tsx';
import { blocksOf } from './result-blocks.ts';

/** What went in, as far as whoever looks may see it. */
export function Inputs({ call }: { call: Pick<CallView, 'args' | 'argsHidden'> }) {
  if (call.argsHidden) return <Withheld>Your role does not include the arguments and results of calls.</Withheld>;
  const redacted = redactedAs(call.args);
  if (redacted !== null)
    return (
      <Withheld>Not kept: the tool is labelled {redacted}, whose arguments are recorded as their digest only.</Withheld>
    );
  return <Json value={call.args} />;
}

function redactedAs(args: unknown): string | null {
  if (typeof args !== 'object' || args === null) return null;
  const { redacted } = args as { redacted?: unknown };
  return typeof redacted === 'string' && Object.keys(args).length === 1 ? redacted : null;
}

const ABSENT = {
  hidden: 'Your role does not include the arguments and results of calls.',
  'not-kept':
    'Results are not kept here (journal.results in the configuration). Their digest proves what was answered, to whoever has the answer.',
  redacted: 'Not kept: the tool is labelled so that its results are not recorded.',
  none: 'There is no result: the call did not go through, or has not ended.',
} as const;

export function Outputs({ call }: { call: Pick<CallView, 'result' | 'resultAbsent' | 'resultDigest'> }) {
  return (
    <div className="space-y-2">
      {call.resultAbsent === null ? <Result result={call.result} /> : <Withheld>{ABSENT[call.resultAbsent]}</Withheld>}
      {call.resultDigest !== null && (
        <p className="text-[13px] text-soft">
          SHA-256 of the result: <Code copy>{call.resultDigest}</Code>
        </p>
      )}
    </div>
  );
}

function Result({ result }: { result: unknown }) {
  const { blocks, isError, more } = blocksOf(result);
  return (
    <div className="space-y-2">
      {isError && <Badge tone="warn">The tool reports an error</Badge>}
      {blocks.map(({ kind, value }, i) => (
        <div key={i}>
          {kind !== '' && kind !== 'text' && <p className="mb-0.5 text-xs text-soft">{visible(kind)}</p>}
          <Json value={value} />
        </div>
      ))}
      {more > 0 && <p className="text-[13px] text-soft">{more} more blocks: see the record.</p>}
    </div>
  );
}

function Withheld({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-start gap-2 rounded-lg bg-sunk px-3 py-2 text-[13px] text-soft">
      <EyeOff className="mt-0.5 size-3.5 shrink-0" aria-hidden /> <span>{children}</span>
    </p>
  );
}
