import { Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import type { RecordView } from '../../../../src/model/insight/records.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { download } from '../../kit/download.ts';
import { Answered } from '../../kit/states.tsx';
import { Json, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { recordPath } from '../../record/paths.ts';
import { ReceiptActions } from '../../record/receipt.tsx';
import { lineOf } from '../../record/words.ts';

/** One record as it lies in the log, with its proof. */
export function RecordDrawer({ seq, onClose }: { seq: number; onClose: () => void }) {
  const asked = useGet<RecordView>(recordPath(seq));
  const may = useMay();
  const found = asked.data;
  const line = found === undefined ? null : lineOf(found.record);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      wide
      title={`Record ${seq}`}
      description={
        found === undefined || line === null ? undefined : (
          <>
            {visible(line.title)}, <Time ms={Date.parse(found.time)} />
          </>
        )
      }
      footer={
        <>
          {line?.call != null && (
            <Button asChild>
              <Link to="/calls/$id" params={{ id: line.call }}>
                The whole call
              </Link>
            </Button>
          )}
          <Button
            disabled={found === undefined}
            onClick={() => download(`record-${seq}.json`, `${JSON.stringify(found, null, 2)}\n`, 'application/json')}
          >
            <Download aria-hidden /> JSON
          </Button>
        </>
      }
    >
      <Answered query={asked} lines={12}>
        {({ record }) => (
          <div className="space-y-4">
            {may('read.content') ? (
              <ReceiptActions key={seq} seq={seq} />
            ) : (
              <p className="text-[13px] text-soft">
                Arguments are hidden from your role, and receipts, which carry the whole record, with them.
              </p>
            )}
            <Json value={record} className="max-h-none" />
          </div>
        )}
      </Answered>
    </Dialog>
  );
}
