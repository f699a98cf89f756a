import { Rocket } from 'lucide-react';
import { useState } from 'react';
import type { PoliciesInForce, PolicyDraft, PolicyVersion } from '../../../../../src/model/insight/policies.ts';
import { Act } from '../../../kit/act.tsx';
import { Button } from '../../../kit/button.tsx';
import { Tip } from '../../../kit/menu.tsx';
import { Code } from '../../../kit/text.tsx';
import { changedFiles, changesInWords } from '../cedar/changes.ts';

interface PublishProps {
  readonly draft: PolicyDraft;
  readonly inForce: PoliciesInForce | undefined;
  /** Of the files as they are. */
  readonly version: string | null;
  /** Why it cannot be done; `null`: it can. */
  readonly whyNot: string | null;
  readonly onDone: (version: PolicyVersion) => void;
}

/** Brings the draft into force: with a reason, and the passkey of who does it over exactly this request. */
export function Publish({ draft, inForce, version, whyNot, onDone }: PublishProps) {
  // What was on the page when somebody began to publish it: what is saved meanwhile was not looked at.
  const [looked, setLooked] = useState<{ readonly draft: PolicyDraft; readonly version: string } | null>(null);
  const open = looked !== null;
  const { draft: wanted, version: after } = looked ?? { draft, version: version ?? '' };
  const changed = changesInWords(changedFiles(inForce?.files ?? [], wanted.files));
  const moved = wanted.revision !== draft.revision || wanted.base !== draft.base;
  // A dialog that is open stays: a reason is being written in it.
  if (whyNot !== null && !open)
    return (
      <Tip text={whyNot}>
        {/* Focusable, so that the reason is read by whoever comes with the keyboard. */}
        <Button
          look="accent"
          aria-disabled
          className="cursor-not-allowed opacity-55"
          aria-describedby="why-not-publish"
        >
          <Rocket aria-hidden /> Publish…
        </Button>
      </Tip>
    );
  return (
    <>
      <Button look="accent" onClick={() => setLooked({ draft, version: version ?? '' })}>
        <Rocket aria-hidden /> Publish…
      </Button>
      <Act<PolicyVersion>
        open={open}
        onOpenChange={() => setLooked(null)}
        ready={whyNot === null && !moved}
        title="Publish these policies"
        description="They decide from the next call on, at this gateway and every other that shares its folder. You confirm it with your passkey."
        verb="Publish"
        order={(reason) => ({
          method: 'POST',
          path: '/v1/policies/publish',
          body: { draft: wanted.id, revision: wanted.revision, base: wanted.base, reason },
        })}
        done={(answer) => `Version ${answer.version.slice(0, 12)} is in force`}
        onDone={onDone}
      >
        {(moved || whyNot !== null) && (
          <p role="status" className="rounded-lg border border-warn-line bg-warn-tint p-3 text-warn">
            {moved
              ? 'The draft was saved again since you opened this. Close it, look, and publish what you have seen.'
              : whyNot}
          </p>
        )}
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 rounded-lg bg-sunk p-3 text-[13px]">
          <dt className="text-soft">In force now</dt>
          <dd>
            <Code>{wanted.base.slice(0, 16)}</Code>
          </dd>
          <dt className="text-soft">After it</dt>
          <dd>
            <Code>{after.slice(0, 16)}</Code>
          </dd>
          <dt className="text-soft">Against now</dt>
          <dd>{changed ?? 'nothing changes'}</dd>
          <dt className="text-soft">Written by</dt>
          <dd>{wanted.editors.join(', ')}</dd>
        </dl>
      </Act>
    </>
  );
}
