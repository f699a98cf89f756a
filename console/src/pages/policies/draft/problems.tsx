import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import type { PolicyCheck, PolicyProblem } from '../../../../../src/model/insight/policies.ts';
import { visible } from '../../../kit/text.tsx';

interface ProblemsProps {
  readonly check: PolicyCheck | undefined;
  readonly current: boolean;
  readonly error: unknown;
  readonly onJump: (problem: PolicyProblem) => void;
}

/** Everything a publication would say, each line leading to its place. */
export function Problems({ check, current, error, onJump }: ProblemsProps) {
  return (
    <section aria-label="Problems" className="border-t">
      <p role="status" className="flex items-center gap-2 px-4 py-2 text-[13px]">
        <Summary {...{ check, current, error }} />
      </p>
      {check !== undefined && check.problems.length + check.warnings.length > 0 && (
        <ul className="max-h-44 overflow-y-auto border-t py-1">
          {check.problems.map((problem, i) => (
            <Line key={`p${i}`} {...{ problem, onJump }} isWarning={false} />
          ))}
          {check.warnings.map((problem, i) => (
            <Line key={`w${i}`} {...{ problem, onJump }} isWarning />
          ))}
        </ul>
      )}
    </section>
  );
}

function Summary({ check, current, error }: Omit<ProblemsProps, 'onJump'>) {
  if (error !== null && error !== undefined)
    return <span className="text-bad">It cannot be checked: {error instanceof Error ? error.message : ''}</span>;
  if (check === undefined || !current) return <span className="text-soft">Checking…</span>;
  const warnings = check.warnings.length === 1 ? '1 warning' : `${check.warnings.length} warnings`;
  if (!check.ok)
    return (
      <>
        <CircleAlert className="size-4 text-bad" aria-hidden />
        <span className="font-medium text-bad">
          {check.problems.length === 1 ? '1 error' : `${check.problems.length} errors`}
        </span>
        <span className="text-soft">Nothing of this can be published or replayed before it is gone.</span>
      </>
    );
  return (
    <>
      <CircleCheck className="size-4 text-good" aria-hidden />
      <span>It can be published{check.warnings.length > 0 && `, with ${warnings}`}.</span>
    </>
  );
}

function Line({
  problem,
  isWarning,
  onJump,
}: {
  problem: PolicyProblem;
  isWarning: boolean;
  onJump: (problem: PolicyProblem) => void;
}) {
  const Icon = isWarning ? TriangleAlert : CircleAlert;
  return (
    <li>
      <button
        type="button"
        onClick={() => onJump(problem)}
        className="flex w-full items-start gap-2 px-4 py-1 text-left text-[13px] hover:bg-sunk focus-visible:-outline-offset-2"
      >
        <Icon className={`mt-0.5 size-4 shrink-0 ${isWarning ? 'text-warn' : 'text-bad'}`} aria-hidden />
        <span className="min-w-0">
          <span className="sr-only">{isWarning ? 'Warning: ' : 'Error: '}</span>
          {visible(problem.message)}
          {problem.help !== '' && <span className="text-soft">: {visible(problem.help)}</span>}{' '}
          <span className="font-mono text-xs text-soft">
            {visible(problem.file)}:{problem.line}:{problem.column}
          </span>
        </span>
      </button>
    </li>
  );
}
