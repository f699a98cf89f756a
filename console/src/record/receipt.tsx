import { Download, ShieldAlert, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { JournalInfo } from '../../../src/model/insight/records.ts';
import { get } from '../api/client.ts';
import { Button } from '../kit/button.tsx';
import { download } from '../kit/download.ts';
import { Failed } from '../kit/states.tsx';
import { Code } from '../kit/text.tsx';
import { Time } from '../kit/time.tsx';
import { verifyReceipt } from '../verify/checker.ts';
import type { ReceiptResult } from '../verify/receipt.ts';
import { keyState, trust } from '../verify/trust.ts';
import { JOURNAL, receiptPath } from './paths.ts';

type Checked = { readonly result: ReceiptResult; readonly vkey: string } | { readonly error: unknown };

/** The receipt of one record: to keep, and checked here and now, in the browser, against the key this browser trusts. */
export function ReceiptActions({ seq }: { seq: number }) {
  const [busy, setBusy] = useState<'none' | 'keep' | 'check'>('none');
  const [checked, setChecked] = useState<Checked | null>(null);
  const run = async (what: 'keep' | 'check'): Promise<void> => {
    setBusy(what);
    try {
      const text = `${JSON.stringify(await get(receiptPath(seq)), null, 2)}\n`;
      if (what === 'keep') download(`record-${seq}.receipt`, text, 'application/json');
      else {
        const vkey = await trustedOrFirst();
        setChecked({ result: await verifyReceipt(text, vkey), vkey });
      }
    } catch (error) {
      setChecked({ error });
    } finally {
      setBusy('none');
    }
  };
  return (
    <div className="space-y-2">
      <div className="flex flex-wrap gap-2">
        <Button size="small" busy={busy === 'check'} onClick={() => void run('check')}>
          <ShieldCheck aria-hidden /> Verify in this browser
        </Button>
        <Button size="small" busy={busy === 'keep'} onClick={() => void run('keep')}>
          <Download aria-hidden /> Receipt
        </Button>
      </div>
      <div aria-live="polite">
        {checked !== null &&
          ('error' in checked ? (
            <Failed error={checked.error} />
          ) : (
            <ReceiptSaid result={checked.result} vkey={checked.vkey} />
          ))}
      </div>
    </div>
  );
}

/** The key trusted here; the gateway's own where none is yet, which is then the one trusted. A changed one is not followed. */
export async function trustedOrFirst(): Promise<string> {
  const { vkey } = await get<JournalInfo>(JOURNAL);
  const state = keyState(localStorage, vkey);
  if (state.kind !== 'first') return state.key.vkey;
  trust(localStorage, { vkey, how: 'first-seen', sinceMs: Date.now() });
  return vkey;
}

export function ReceiptSaid({ result, vkey }: { result: ReceiptResult; vkey: string }) {
  if (!result.ok)
    return (
      <div role="alert" className="flex items-start gap-2 rounded-lg border border-bad-line bg-bad-tint p-3 text-bad">
        <ShieldAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
        <div>
          <p className="font-semibold">This receipt does not verify</p>
          <p>{result.problem}</p>
        </div>
      </div>
    );
  return (
    <div className="flex items-start gap-2 rounded-lg border border-good-line bg-good-tint p-3 text-[13px]">
      <ShieldCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
      <div className="min-w-0 space-y-1">
        <p className="font-semibold text-good">Record {result.seq} is genuine</p>
        <p>
          Written <Time ms={Date.parse(result.time)} />; part of the log of <Code>{result.covered.origin}</Code> as
          signed over {result.covered.size} records. Leaf hash, {result.path} steps of the Merkle path and the Ed25519
          signature were checked in this browser against the key <Code className="break-all">{vkey}</Code>.
        </p>
      </div>
    </div>
  );
}
