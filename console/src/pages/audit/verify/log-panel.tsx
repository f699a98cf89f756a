import { ShieldCheck, Square } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { JournalInfo } from '../../../../../src/model/insight/records.ts';
import { get } from '../../../api/client.ts';
import { Button } from '../../../kit/button.tsx';
import { Panel } from '../../../kit/card.tsx';
import { Choice } from '../../../kit/field.tsx';
import { Failed } from '../../../kit/states.tsx';
import { count } from '../../../kit/time.tsx';
import { JOURNAL } from '../../../record/paths.ts';
import { verifyLog } from '../../../verify/checker.ts';
import type { KnownCheckpoint, LogProgress, LogReport } from '../../../verify/log.ts';
import { bytes } from './bytes.ts';
import { DropFile } from './drop.tsx';
import { LogResult } from './log-result.tsx';

interface LogPanelProps {
  readonly info: JournalInfo;
  readonly vkey: string;
  readonly onUse: () => void;
}

type Run =
  | {
      readonly kind: 'running';
      readonly progress: LogProgress;
      readonly of: { records: number; bytes: number };
      cancel: () => void;
    }
  | { readonly kind: 'done'; readonly report: LogReport; readonly tookMs: number; readonly whole: boolean }
  | { readonly kind: 'failed'; readonly error: unknown };

/** The log itself, read by this browser from its files, record by record. */
export function LogPanel({ info, vkey, onUse }: LogPanelProps) {
  const [part, setPart] = useState('all');
  const [kept, setKept] = useState<{ readonly name: string; readonly note: string } | null>(null);
  const [run, setRun] = useState<Run | null>(null);
  const cancel = useRef<() => void>(() => {});
  // Whoever leaves the page wants no more of it.
  useEffect(() => () => cancel.current(), []);
  const start = async (): Promise<void> => {
    onUse();
    const began = performance.now();
    const nothing = { records: 0, bytes: 0, segment: 0 };
    const gone = { yes: false };
    cancel.current = () => {
      gone.yes = true;
      setRun(null);
    };
    setRun({ kind: 'running', progress: nothing, of: { records: 0, bytes: 0 }, cancel: () => cancel.current() });
    try {
      // As it is now: while the page was open it has grown.
      const now = await get<JournalInfo>(JOURNAL);
      const whole = part === 'all';
      const segments = now.segments.filter(({ first }) => whole || String(first) === part);
      if (gone.yes) return;
      if (segments.length === 0 && !whole) throw new Error('These records are not in the journal any more.');
      const checkpoints: KnownCheckpoint[] = [
        ...(now.lastCheckpoint === null ? [] : [{ note: now.lastCheckpoint.note, from: 'gateway' as const }]),
        ...(kept === null ? [] : [{ note: kept.note, from: 'elsewhere' as const }]),
      ];
      const of = {
        records: segments.reduce((sum, { records }) => sum + records, 0),
        bytes: segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      };
      const check = verifyLog({ vkey, segments, whole, checkpoints }, (progress) =>
        setRun((before) => (before?.kind === 'running' ? { ...before, progress } : before)),
      );
      cancel.current = check.cancel;
      setRun({ kind: 'running', progress: nothing, of, cancel: check.cancel });
      setRun({ kind: 'done', report: await check.report, tookMs: performance.now() - began, whole });
    } catch (error) {
      setRun({ kind: 'failed', error });
    } finally {
      cancel.current = () => {};
    }
  };
  const running = run?.kind === 'running';
  const sizeBytes = info.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  return (
    <Panel
      title="Verify the log in this browser"
      note={`${count(info.size)} records; ${info.segments.length === 1 ? 'one segment' : `${count(info.segments.length)} segments`} of ${bytes(sizeBytes)} to read. Hash chain, Merkle root and signed checkpoints are computed here, from the files.`}
    >
      <div className="space-y-3">
        <div className="flex flex-wrap items-center gap-2">
          <Choice
            aria-label="How much"
            value={part}
            disabled={running}
            onChange={(event) => setPart(event.target.value)}
          >
            <option value="all">The whole log</option>
            {info.segments.toReversed().map(({ first, records, sizeBytes: size }) => (
              <option key={first} value={String(first)}>
                Records {first} to {first + Math.max(1, records) - 1} ({bytes(size)})
              </option>
            ))}
          </Choice>
          <Button look="accent" busy={running} onClick={() => void start()}>
            <ShieldCheck aria-hidden /> Verify
          </Button>
          {running && (
            <Button onClick={() => cancel.current()}>
              <Square aria-hidden /> Cancel
            </Button>
          )}
        </div>
        {kept === null ? (
          <DropFile
            words="A checkpoint you kept elsewhere? Drop it here to compare"
            accept=".checkpoint,.txt,text/plain"
            onText={(note, name) => setKept({ note, name })}
          />
        ) : (
          <p className="flex flex-wrap items-center gap-2 text-[13px]">
            Compared with your checkpoint {kept.name}, line “{kept.note.split('\n')[1] ?? ''}” records.
            <Button size="small" look="quiet" onClick={() => setKept(null)}>
              Leave it out
            </Button>
          </p>
        )}
        <div aria-live="polite">
          {run?.kind === 'running' && <Progress progress={run.progress} of={run.of} />}
          {run?.kind === 'failed' && <Failed error={run.error} retry={() => void start()} />}
          {run?.kind === 'done' && <LogResult report={run.report} tookMs={run.tookMs} whole={run.whole} />}
        </div>
      </div>
    </Panel>
  );
}

function Progress({ progress, of }: { progress: LogProgress; of: { records: number; bytes: number } }) {
  const part = of.bytes === 0 ? 0 : Math.min(1, progress.bytes / of.bytes);
  return (
    <div>
      <div
        role="progressbar"
        aria-label="Records verified"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(part * 100)}
        className="h-2 overflow-hidden rounded-full bg-sunk"
      >
        <div className="h-full bg-accent" style={{ width: `${part * 100}%` }} />
      </div>
      <p className="tabular mt-1 text-[13px] text-soft">
        {count(progress.records)} of about {count(of.records)} records, {bytes(progress.bytes)} of {bytes(of.bytes)}
      </p>
    </div>
  );
}
