import { ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import { Facts } from '../../../kit/card.tsx';
import { cn } from '../../../kit/cn.ts';
import { Code } from '../../../kit/text.tsx';
import { count, duration } from '../../../kit/time.tsx';
import { RecordLink } from '../../../record/links.tsx';
import type { LogReport } from '../../../verify/log.ts';
import { bytes } from './bytes.ts';

const LOOKS = {
  intact: [ShieldCheck, 'border-good-line bg-good-tint text-good'],
  tampered: [ShieldAlert, 'border-bad-line bg-bad-tint text-bad'],
  cancelled: [ShieldQuestion, 'border-warn-line bg-warn-tint text-warn'],
} as const;

/** What was found, and exactly how far it reaches. */
export function LogResult({ report, tookMs, whole }: { report: LogReport; tookMs: number; whole: boolean }) {
  const [Icon, look] = LOOKS[report.state];
  const records = report.to - report.from;
  return (
    <div className="space-y-3">
      <div
        role={report.state === 'tampered' ? 'alert' : undefined}
        data-verdict={report.state}
        className={cn('flex items-start gap-3 rounded-lg border p-3', look)}
      >
        <Icon className="mt-0.5 size-5 shrink-0" aria-hidden />
        <div className="min-w-0 space-y-1">
          <p className="font-semibold">{headline(report, whole)}</p>
          {report.problems.map(({ seq, message }) => (
            <p key={message}>
              {message}
              {seq !== null && seq < report.to && (
                <>
                  {' '}
                  See record <RecordLink seq={seq} />.
                </>
              )}
            </p>
          ))}
          {report.state === 'tampered' && (
            <p>
              Keep the journal’s directory as evidence, and compare with{' '}
              <code className="font-mono">interlock verify</code> on a copy of it.
            </p>
          )}
        </div>
      </div>
      <Facts
        items={[
          [
            'Read',
            `${count(records)} records, ${records === 0 ? 'none' : `${report.from} to ${report.to - 1}`}; ${bytes(report.bytes)} in ${duration(tookMs)}`,
          ],
          ['Signed', signedWords(report)],
          report.elsewhereTo !== null && ['Your checkpoint', `agrees, up to record ${report.elsewhereTo - 1}`],
          report.openCalls > 0 && ['Under way', `${count(report.openCalls)} calls without an outcome yet`],
          report.tailBytes > 0 && ['Being written', `${bytes(report.tailBytes)} behind the last whole record`],
          [
            'Merkle root',
            <Code key="root" copy className="break-all">
              {report.root}
            </Code>,
          ],
        ]}
      />
      {report.state === 'intact' && (
        <p className="text-[13px] text-soft">
          {report.elsewhereTo === null
            ? 'This shows that the log fits itself and its key. Whoever holds the signing key could have rewritten all of it: only a checkpoint kept elsewhere shows that nobody did.'
            : 'Nothing your checkpoint covers was changed, removed or added since you kept it.'}
        </p>
      )}
    </div>
  );
}

function headline(report: LogReport, whole: boolean): string {
  if (report.state === 'tampered') return 'The log is NOT intact';
  if (report.state === 'cancelled') return 'Cancelled: only a part was checked';
  if (!whole) return 'This part of the log is intact';
  return report.from === 0
    ? 'The whole log is intact'
    : `The log is intact from record ${report.from} on; what was before was removed by retention`;
}

function signedWords({ checkpoints, signedTo, to, from }: LogReport): string {
  if (checkpoints === 0) return 'no signed checkpoint covers what was read';
  const rest = to - Math.max(signedTo, from);
  const agree = `${count(checkpoints)} ${checkpoints === 1 ? 'checkpoint agrees' : 'checkpoints agree'}`;
  return rest > 0
    ? `${agree}, up to record ${signedTo - 1}; the last ${count(rest)} are chained, not yet signed`
    : `${agree}, up to the last record read`;
}
