import { ChevronLeft, ChevronRight, Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { CallView } from '../../../../src/model/insight/records.ts';
import { Button } from '../../kit/button.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Time } from '../../kit/time.tsx';

const STEP_MS = 1_400;

interface ReplayProps {
  readonly calls: readonly CallView[];
  readonly at: string | null;
  readonly onChoose: (call: string) => void;
}

/** Steps through what happened, by hand or by itself. Nothing is called again. */
export function Replay({ calls, at, onChoose }: ReplayProps) {
  const [playing, setPlaying] = useState(false);
  const index = calls.findIndex(({ call }) => call === at);
  const go = (to: number): void => {
    const call = calls[Math.max(0, Math.min(calls.length - 1, to))];
    if (call !== undefined) onChoose(call.call);
  };
  const last = index === calls.length - 1;
  const toggle = (): void => {
    // From the end it begins again.
    if (!playing && (last || index < 0)) go(0);
    setPlaying(!playing);
  };
  useEffect(() => {
    if (!playing) return;
    if (last) {
      setPlaying(false);
      return;
    }
    const timer = setTimeout(() => go(index + 1), STEP_MS);
    return () => clearTimeout(timer);
  }, [playing, index, last]);
  const by = (step: number) => (): void => {
    setPlaying(false);
    go(index < 0 ? 0 : index + step);
  };
  useKeys({
    ' ': toggle,
    ArrowLeft: by(-1),
    ArrowRight: by(1),
    Home: () => go(0),
    End: () => go(calls.length - 1),
  });
  const current = calls[index];
  return (
    <div role="group" aria-label="Replay" className="flex flex-wrap items-center gap-1.5">
      <Button size="small" aria-label="Previous call" disabled={index <= 0} onClick={by(-1)}>
        <ChevronLeft aria-hidden />
      </Button>
      <Button size="small" onClick={toggle} disabled={calls.length === 0} aria-pressed={playing} className="min-w-20">
        {playing ? <Pause aria-hidden /> : <Play aria-hidden />} {playing ? 'Pause' : 'Play'}
      </Button>
      <Button size="small" aria-label="Next call" disabled={last} onClick={by(1)}>
        <ChevronRight aria-hidden />
      </Button>
      <span aria-live="polite" className="tabular ml-1.5 text-[13px] text-soft">
        {index < 0 ? `${calls.length} calls` : `${index + 1} of ${calls.length}`}
        {current !== undefined && (
          <>
            {', '}
            <Time ms={current.atMs} look="clock" />
          </>
        )}
      </span>
    </div>
  );
}
