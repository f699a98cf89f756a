import { useState } from 'react';
import type { JournalInfo } from '../../../../src/model/insight/records.ts';
import { useGet } from '../../api/hooks.ts';
import { Answered } from '../../kit/states.tsx';
import { JOURNAL } from '../../record/paths.ts';
import { keyState, type TrustedKey, trust } from '../../verify/trust.ts';
import { KeyPanel } from './verify/key-panel.tsx';
import { LogPanel } from './verify/log-panel.tsx';
import { ReceiptPanel } from './verify/receipt-panel.tsx';
import { ServerPanel } from './verify/server-panel.tsx';

/** Everything needed to believe the log without believing the gateway. */
export function VerifyTab() {
  const asked = useGet<JournalInfo>(JOURNAL, { everyMs: 30_000 });
  return (
    <Answered query={asked} lines={14}>
      {(info) => <Verify info={info} />}
    </Answered>
  );
}

function Verify({ info }: { info: JournalInfo }) {
  const [, redraw] = useState(0);
  const state = keyState(localStorage, info.vkey);
  const keep = (key: Omit<TrustedKey, 'sinceMs'>): void => {
    trust(localStorage, { ...key, sinceMs: Date.now() });
    redraw((n) => n + 1);
  };
  // Only what the person trusts: never what the gateway shows while it shows another.
  const vkey = state.kind === 'first' ? info.vkey : state.key.vkey;
  const remember = (): void => {
    if (state.kind === 'first') keep({ vkey: info.vkey, how: 'first-seen' });
  };
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 xl:grid-cols-2">
      <KeyPanel state={state} info={info} onKeep={keep} />
      <ReceiptPanel vkey={vkey} onUse={remember} />
      <LogPanel info={info} vkey={vkey} onUse={remember} />
      <ServerPanel />
    </div>
  );
}
