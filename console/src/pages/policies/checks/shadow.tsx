import { Link } from '@tanstack/react-router';
import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import type { PoliciesInForce, PolicyDraft, Shadow } from '../../../../../src/model/insight/policies.ts';
import { query } from '../../../api/client.ts';
import { useMay } from '../../../api/hooks.ts';
import { Act } from '../../../kit/act.tsx';
import { Button } from '../../../kit/button.tsx';
import { Empty } from '../../../kit/states.tsx';
import { count, Time } from '../../../kit/time.tsx';
import { ByChange, ChangedTable } from './changed-table.tsx';

interface ShadowProps {
  readonly draft: PolicyDraft;
  readonly inForce: PoliciesInForce;
  readonly dirty: boolean;
  /** The files are whole. */
  readonly ok: boolean;
}

/** Every decision is made by the draft too, and only counted: what it would do, as it happens. */
export function ShadowPanel({ draft, inForce, dirty, ok }: ShadowProps) {
  const may = useMay();
  const [beginning, setBeginning] = useState(false);
  const { shadow } = inForce;
  const own = shadow?.draft === draft.id ? shadow : null;
  const why =
    draft.state !== 'open'
      ? 'It is no open draft.'
      : dirty
        ? 'Save it first: what runs beside is what is saved.'
        : ok
          ? null
          : 'It has errors: mend them first.';
  return (
    <div className="space-y-4">
      {own !== null ? (
        <Running shadow={own} newer={own.revision !== draft.revision} />
      ) : (
        <Empty
          icon={Eye}
          title="Let it run beside"
          action={
            may('policies.draft') ? (
              <div className="space-y-2">
                <Button disabled={why !== null} onClick={() => setBeginning(true)}>
                  <Eye aria-hidden /> {shadow === null ? 'Begin shadow mode…' : 'Take the other’s place…'}
                </Button>
                {why !== null && <p className="text-[13px] text-soft">{why}</p>}
              </div>
            ) : undefined
          }
        >
          Every decision is then made by this draft too, beside the policies in force, and only counted: no call is
          decided otherwise. It ends when you end it, or with the gateway.
          {shadow !== null && (
            <>
              {' '}
              <Link to="/policies/drafts/$id" params={{ id: shadow.draft }} className="text-accent hover:underline">
                Another draft
              </Link>{' '}
              runs beside now, and would end.
            </>
          )}
        </Empty>
      )}
      <Act
        open={beginning}
        onOpenChange={setBeginning}
        title="Begin shadow mode"
        description="Every decision from now on is also made by this draft, and counted. No call is affected."
        verb="Begin"
        order={(reason) => ({ method: 'POST', path: '/v1/policies/shadow', body: { draft: draft.id, reason } })}
        done="The draft runs beside the policies in force"
      />
    </div>
  );
}

function Running({ shadow, newer }: { shadow: Shadow; newer: boolean }) {
  const may = useMay();
  const [ending, setEnding] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = shadow.changes.filter(({ before, after }) => chosen === null || chosen === `${before}→${after}`);
  return (
    <div className="space-y-4">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p role="status" className="min-w-0 flex-[1_1_15rem]">
          <strong className="tabular">{count(shadow.changed)}</strong> of{' '}
          <strong className="tabular">{count(shadow.decisions)}</strong> decisions would have been others, since{' '}
          <Time ms={shadow.sinceMs} />.{' '}
          <span className="text-[13px] text-soft">
            Begun by {shadow.by}, revision {shadow.revision}
            {shadow.dropped > 0 && `; ${count(shadow.dropped)} were not looked at, because too many came at once`}.
          </span>
        </p>
        {may('policies.draft') && (
          <Button onClick={() => setEnding(true)}>
            <EyeOff aria-hidden /> End shadow mode…
          </Button>
        )}
      </div>
      {newer && (
        <p className="rounded-lg border border-warn-line bg-warn-tint px-3 py-2 text-warn">
          Revision {shadow.revision} runs beside; the draft was saved since. End it and begin again to count what it
          says now.
        </p>
      )}
      <ByChange of={shadow.byChange} chosen={chosen} onChoose={setChosen} />
      {rows.length > 0 ? (
        <ChangedTable rows={rows} label="Decisions that would have been others" />
      ) : (
        <p className="py-4 text-center text-soft">
          {shadow.decisions === 0 ? 'No call was decided since it began.' : 'Every decision was the same.'}
        </p>
      )}
      <Act
        open={ending}
        onOpenChange={setEnding}
        title="End shadow mode"
        description="What was counted is on record with its end."
        verb="End it"
        order={(reason) => ({ method: 'DELETE', path: `/v1/policies/shadow${query({ reason })}` })}
        done="Shadow mode ended"
      />
    </div>
  );
}
