import { useState } from 'react';
import { Panel } from '../../../kit/card.tsx';
import { Failed } from '../../../kit/states.tsx';
import { Json } from '../../../kit/text.tsx';
import { ReceiptSaid } from '../../../record/receipt.tsx';
import { verifyReceipt } from '../../../verify/checker.ts';
import type { ReceiptResult } from '../../../verify/receipt.ts';
import { DropFile } from './drop.tsx';

type Done =
  | { readonly name: string; readonly vkey: string; readonly result: ReceiptResult }
  | { readonly name: string; readonly error: unknown };

/** A receipt somebody brings, checked with nothing but itself and the key. */
export function ReceiptPanel({ vkey, onUse }: { vkey: string; onUse: () => void }) {
  const [done, setDone] = useState<Done | null>(null);
  const check = (text: string, name: string): void => {
    onUse();
    verifyReceipt(text, vkey).then(
      (result) => setDone({ name, vkey, result }),
      (error: unknown) => setDone({ name, error }),
    );
  };
  return (
    <Panel
      title="Verify a receipt"
      note="The proof of one record, as downloaded here, from an approval, or from interlock receipt."
    >
      <div className="space-y-3">
        <DropFile
          words="Drop a receipt here, or choose the file"
          accept=".receipt,.json,application/json"
          onText={check}
        />
        <div aria-live="polite" className="space-y-3">
          {done !== null && <p className="text-[13px] text-soft">{done.name}</p>}
          {done !== null &&
            ('error' in done ? <Failed error={done.error} /> : <ReceiptSaid result={done.result} vkey={done.vkey} />)}
          {done !== null && 'result' in done && done.result.ok && <Json value={done.result.record} />}
        </div>
      </div>
    </Panel>
  );
}
