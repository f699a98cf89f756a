import { useState } from 'react';
import { Button } from '../../../kit/button.tsx';
import { Dialog } from '../../../kit/dialog.tsx';
import { visible } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { FilesDiff } from '../cedar/diff.tsx';
import type { Working } from './use-work.ts';

/** Somebody else saved meanwhile: who, what they have that this has not, and the choice. Nothing is overwritten unseen. */
export function Conflict({ working }: { working: Working }) {
  const [open, setOpen] = useState(false);
  const { theirs, work, takeTheirs, saveOver, saving } = working;
  if (theirs === null) return null;
  const who = visible(theirs.updatedBy);
  if (theirs.state !== 'open')
    return (
      <div
        role="alert"
        className="mb-4 flex flex-wrap items-center gap-3 rounded-lg border border-warn-line bg-warn-tint px-4 py-3 text-warn"
      >
        <p className="min-w-0 flex-[1_1_15rem]">
          <strong>
            {who} {theirs.state === 'published' ? 'published' : 'discarded'} this draft while you were changing it.
          </strong>{' '}
          Your changes cannot be saved here any more: copy what you need into a new draft.
        </p>
        <Button size="small" onClick={takeTheirs}>
          Drop my changes
        </Button>
      </div>
    );
  const choose = (how: () => void) => () => {
    setOpen(false);
    how();
  };
  return (
    <>
      <div
        role="alert"
        className="mb-4 flex flex-wrap items-center gap-3 rounded-lg border border-warn-line bg-warn-tint px-4 py-3 text-warn"
      >
        <p className="min-w-0 flex-[1_1_15rem]">
          <strong>{who} saved this draft while you were changing it</strong> (
          <Time ms={theirs.updatedAtMs} look="ago" />
          ). Your changes are still here, and not saved.
        </p>
        <Button size="small" onClick={() => setOpen(true)}>
          Compare and choose…
        </Button>
      </div>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        wide
        title={`What ${who} saved, and what you have`}
        description={`Red is in revision ${theirs.revision} of ${who} and not in yours; green is yours. To keep some of both, cancel, write it into yours, and come back.`}
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button onClick={choose(takeTheirs)}>Take theirs, drop mine</Button>
            <Button look="accent" busy={saving} onClick={choose(saveOver)}>
              Save mine over it
            </Button>
          </>
        }
      >
        <FilesDiff before={theirs.files} after={work.files} same="Both have the same files now." />
      </Dialog>
    </>
  );
}
