import { RotateCcw } from 'lucide-react';
import type { Tried, TriedRequest } from '../../../src/model/insight/policies.ts';
import type { CallView } from '../../../src/model/insight/records.ts';
import { useChange, useMay } from '../api/hooks.ts';
import { Effect } from '../kit/badge.tsx';
import { Button } from '../kit/button.tsx';
import { Failed } from '../kit/states.tsx';
import { visible } from '../kit/text.tsx';
import { ReasonText } from './decision.tsx';
import { isHidden } from './words.ts';

/** The same request under the policies of now. Changes nothing, calls nothing. */
export function DecideAgain({ call }: { call: CallView }) {
  const may = useMay();
  const tried = useChange<Tried>();
  const request = requestOf(call);
  if (!may('policies.draft') || request === null) return null;
  return (
    <div className="space-y-2">
      <Button
        size="small"
        busy={tried.isPending}
        onClick={() => tried.mutate({ method: 'POST', path: '/v1/policies/try', body: { request } })}
      >
        <RotateCcw aria-hidden /> Decide again under the policies of now
      </Button>
      <div aria-live="polite">
        {tried.error !== null && <Failed error={tried.error} />}
        {tried.data !== undefined && <Compared call={call} now={tried.data} />}
      </div>
    </div>
  );
}

function Compared({ call, now }: { call: CallView; now: Tried }) {
  const gone = call.reasons.filter((reason) => !now.reasons.includes(reason));
  const same = call.effect === now.effect;
  return (
    <div className="space-y-1.5 rounded-lg border p-3 text-[13px]">
      <p className="flex flex-wrap items-center gap-1.5">
        {same ? 'The same answer:' : 'Another answer:'}
        {!same && (
          <>
            <Effect of={call.effect} /> <span aria-label="became">→</span>
          </>
        )}
        <Effect of={now.effect} />
        {now.version !== call.policyVersion && <span className="text-soft">The policies have changed since.</span>}
      </p>
      {now.reasons.map((reason) => (
        <p key={reason}>
          <ReasonText text={reason} />
          {!call.reasons.includes(reason) && <span className="text-soft"> (new)</span>}
        </p>
      ))}
      {gone.map((reason) => (
        <p key={reason} className="text-soft line-through">
          <ReasonText text={reason} />
        </p>
      ))}
      {now.messages.map((message) => (
        <p key={message} className="text-soft">
          {visible(message)}
        </p>
      ))}
      {now.errors.map((error) => (
        <p key={error} className="text-bad">
          {visible(error)}
        </p>
      ))}
      <p className="text-soft">
        Decided with the recorded arguments and a new session: what depends on what the session had seen, or on the
        time, may differ.
      </p>
    </div>
  );
}

/** `null`: it cannot be asked again with what is on record. */
function requestOf(call: CallView): TriedRequest | null {
  const { args, argsHidden, action, target } = call;
  if (action !== 'tools/call' || target === null || argsHidden) return null;
  if (typeof args !== 'object' || args === null || Array.isArray(args) || isHidden(args) || 'redacted' in args)
    return null;
  return {
    agent: call.agent,
    subject: call.subject,
    server: call.server,
    tool: target,
    args: args as TriedRequest['args'],
  };
}
