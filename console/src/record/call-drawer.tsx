import { Link } from '@tanstack/react-router';
import { ArrowUpRight } from 'lucide-react';
import type { CallView } from '../../../src/model/insight/records.ts';
import { useGet } from '../api/hooks.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { Answered } from '../kit/states.tsx';
import { visible } from '../kit/text.tsx';
import { CallSections, CallStand } from './call-detail.tsx';
import { callPath } from './paths.ts';
import { nameOfCall } from './words.ts';

/** One call in front of the list it was found in. */
export function CallDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const asked = useGet<CallView>(callPath(id), { everyMs: 5_000 });
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      wide
      title={asked.data === undefined ? 'Call' : visible(nameOfCall(asked.data))}
      description={asked.data === undefined ? undefined : <CallStand call={asked.data} />}
      footer={
        <Button asChild>
          <Link to="/calls/$id" params={{ id }}>
            Open as a page <ArrowUpRight aria-hidden />
          </Link>
        </Button>
      }
    >
      <Answered query={asked} lines={12}>
        {(call) => <CallSections call={call} />}
      </Answered>
    </Dialog>
  );
}
