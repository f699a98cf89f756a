import { Link } from '@tanstack/react-router';
import { useId, useState } from 'react';
import type { PoliciesInForce } from '../../../../../src/model/insight/policies.ts';
import { Button } from '../../../kit/button.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { Field, Input } from '../../../kit/field.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';

/** Others published meanwhile: what is here would take their change back, unless somebody looks. */
export function StaleBase({ inForce, onTake }: { inForce: PoliciesInForce; onTake: () => void }) {
  return (
    <div
      role="status"
      className="mb-4 flex flex-wrap items-center gap-3 rounded-lg border border-warn-line bg-warn-tint px-4 py-3 text-warn"
    >
      <p className="min-w-0 flex-[1_1_15rem]">
        <strong>Other policies came into force after this draft was begun</strong>
        {inForce.by !== null && <> (by {visible(inForce.by)}</>}
        {inForce.publishedAtMs !== null && (
          <>
            {inForce.by === null ? ' (' : ', '}
            <Time ms={inForce.publishedAtMs} look="ago" />
          </>
        )}
        {(inForce.by !== null || inForce.publishedAtMs !== null) && ')'}. Look at{' '}
        <Link to="/policies/versions/$id" params={{ id: inForce.version }} className="underline underline-offset-2">
          version <Code>{inForce.version.slice(0, 12)}</Code>
        </Link>{' '}
        and at the difference below: what stands there in red would be gone.
      </p>
      <Button size="small" onClick={onTake}>
        I looked: take it as the base
      </Button>
    </div>
  );
}

/** Before a page with unsaved changes is left. */
export function Leaving({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) stay();
      }}
      title="Leave without saving?"
      description="What you changed is on this page alone."
      footer={
        <>
          <Button onClick={leave}>Leave, drop my changes</Button>
          <Button look="accent" onClick={stay}>
            Stay
          </Button>
        </>
      }
    >
      <span />
    </Dialog>
  );
}

export function Rename({
  title,
  onClose,
  onName,
}: {
  title: string;
  onClose: () => void;
  onName: (title: string) => void;
}) {
  return (
    <Titled
      heading="Rename draft"
      verb="Rename"
      initial={title}
      onClose={onClose}
      onDone={(next) => {
        onName(next);
        onClose();
      }}
    />
  );
}

/** One title, in a dialog. */
export function Titled({
  heading,
  verb,
  initial,
  hint,
  busy = false,
  onClose,
  onDone,
}: {
  heading: string;
  verb: string;
  initial: string;
  hint?: string;
  busy?: boolean;
  onClose: () => void;
  onDone: (title: string) => void;
}) {
  const [title, setTitle] = useState(initial);
  const form = useId();
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={heading}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="accent" type="submit" form={form} busy={busy} disabled={title.trim() === ''}>
            {verb}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (title.trim() !== '') onDone(title.trim());
        }}
      >
        <Field label="Title" hint={hint ?? 'For those who read and publish it.'}>
          {(ids) => <Input {...ids} value={title} maxLength={200} onChange={(event) => setTitle(event.target.value)} />}
        </Field>
      </form>
    </Dialog>
  );
}
