import { Link } from '@tanstack/react-router';
import { Eye, Lock, TriangleAlert } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import type { PoliciesInForce } from '../../../../../src/model/insight/policies.ts';
import { useMe } from '../../../api/hooks.ts';
import { Badge, type Tone } from '../../../kit/badge.tsx';
import { Card } from '../../../kit/card.tsx';
import { cn } from '../../../kit/cn.ts';
import { Choice, SearchBox } from '../../../kit/field.tsx';
import { Empty } from '../../../kit/states.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { count } from '../../../kit/time.tsx';
import { useFilters } from '../../../use-filters.ts';
import { CedarEditor, type EditorHandle } from '../cedar/editor.tsx';
import { type OutlinedPolicy, outline } from '../cedar/outline.ts';

interface Listed extends OutlinedPolicy {
  readonly file: string;
}

/** Every policy with its id and effect, and the file it stands in. */
export function InForce({ of }: { of: PoliciesInForce }) {
  const [search, set] = useFilters();
  const all = useMemo(
    () => of.files.flatMap(({ path, text }) => outline(path, text).map((each) => ({ ...each, file: path }))),
    [of.files],
  );
  const words = (search.q ?? '').toLowerCase().split(/\s+/);
  const shown = all.filter(
    (policy) =>
      (search.effect === undefined || policy.effect === search.effect) &&
      words.every((word) =>
        `${policy.id} ${policy.reason ?? ''} ${policy.ask ?? ''} ${policy.head}`.toLowerCase().includes(word),
      ),
  );
  const chosen = all.find(({ id }) => id === search.policy) ?? null;
  const file = of.files.find(({ path }) => path === (chosen?.file ?? search.file)) ?? of.files[0];
  if (file === undefined)
    return (
      <Empty icon={Lock} title="No policy is in force">
        Nothing is permitted. Begin a draft, or put <code className="font-mono">.cedar</code> files into the folder of
        policies and run <code className="font-mono">interlock reload</code>.
      </Empty>
    );
  return (
    <>
      <Notes of={of} onJump={(path) => set({ file: path, policy: null })} />
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(19rem,26rem)_minmax(0,1fr)]">
        <div>
          <div className="mb-3 flex flex-wrap gap-2">
            <SearchBox label="Search policies" value={search.q ?? ''} onChange={(q) => set({ q })} />
            <Choice aria-label="Effect" value={search.effect ?? ''} onChange={(e) => set({ effect: e.target.value })}>
              <option value="">{count(all.length)} policies</option>
              {(['permit', 'ask', 'forbid'] as const).map((effect) => (
                <option key={effect} value={effect}>
                  {count(all.filter((each) => each.effect === effect).length)} {effect}
                </option>
              ))}
            </Choice>
          </div>
          <Card className="overflow-hidden">
            <ul aria-label="Policies in force" className="divide-y lg:max-h-[calc(100dvh-19rem)] lg:overflow-y-auto">
              {shown.map((policy) => (
                <Line
                  key={`${policy.id} ${policy.line}`}
                  policy={policy}
                  chosen={policy === chosen}
                  onChoose={() => set({ policy: policy.id, file: null })}
                />
              ))}
              {shown.length === 0 && <li className="px-4 py-6 text-center text-soft">No policy fits.</li>}
            </ul>
          </Card>
        </div>
        <Source
          key={file.path}
          path={file.path}
          text={file.text}
          line={chosen?.file === file.path ? chosen.line : null}
          paths={of.files.map(({ path }) => path)}
          onChoose={(path) => set({ file: path, policy: null })}
        />
      </div>
    </>
  );
}

const TONES: Readonly<Record<OutlinedPolicy['effect'], Tone>> = { permit: 'good', ask: 'warn', forbid: 'bad' };

function Line({ policy, chosen, onChoose }: { policy: Listed; chosen: boolean; onChoose: () => void }) {
  const [file, name] = [policy.file, policy.id.slice(policy.file.length + 1)];
  return (
    <li>
      <button
        type="button"
        aria-current={chosen || undefined}
        onClick={onChoose}
        className={cn(
          'block w-full px-4 py-2.5 text-left hover:bg-sunk focus-visible:-outline-offset-2',
          chosen && 'bg-accent-tint hover:bg-accent-tint',
        )}
      >
        <span className="flex items-start gap-2">
          <Badge tone={TONES[policy.effect]}>{policy.effect}</Badge>
          <span className="min-w-0 font-mono text-[13px] font-semibold">{visible(name)}</span>
        </span>
        <span className="mt-1 line-clamp-2 text-[13px] text-soft">
          <span className="mr-2 font-mono text-xs">
            {visible(file)}:{policy.line}
          </span>
          {policy.ask !== null && (
            <>
              asks <Code>{policy.ask}</Code>
              {'. '}
            </>
          )}
          {visible(policy.reason ?? policy.head)}
        </span>
      </button>
    </li>
  );
}

function Source({
  path,
  text,
  line,
  paths,
  onChoose,
}: {
  path: string;
  text: string;
  line: number | null;
  paths: readonly string[];
  onChoose: (path: string) => void;
}) {
  const handle = useRef<EditorHandle>(null);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (line === null) return;
    // The list keeps the keyboard.
    const before = document.activeElement as HTMLElement | null;
    handle.current?.goTo(line, 1);
    before?.focus({ preventScroll: true });
    if (!window.matchMedia('(min-width: 1024px)').matches) box.current?.scrollIntoView({ block: 'start' });
  }, [line]);
  return (
    <Card ref={box} className="min-w-0 overflow-hidden">
      <header className="flex items-center gap-2 border-b px-3 py-2">
        <Choice
          aria-label="File"
          value={path}
          onChange={(event) => onChoose(event.target.value)}
          className="font-mono text-[13px]"
        >
          {paths.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </Choice>
      </header>
      <div className="h-[min(70vh,44rem)] *:h-full lg:h-[calc(100dvh-19rem)]">
        <CedarEditor path={path} text={text} handle={handle} />
      </div>
    </Card>
  );
}

function Notes({ of, onJump }: { of: PoliciesInForce; onJump: (path: string) => void }) {
  const me = useMe().data;
  const { shadow, warnings, editable, readOnlyBecause } = of;
  return (
    <div className="mb-4 space-y-2 empty:hidden">
      {shadow !== null && (
        <p className="flex items-center gap-2 rounded-lg border bg-card px-4 py-2.5">
          <Eye className="size-4 shrink-0 text-accent" aria-hidden />
          <span>
            <Link
              to="/policies/drafts/$id"
              params={{ id: shadow.draft }}
              search={{ panel: 'shadow' }}
              className="font-medium text-accent hover:underline"
            >
              A draft runs beside
            </Link>
            : {count(shadow.changed)} of {count(shadow.decisions)} decisions would have been others.
          </span>
        </p>
      )}
      {!editable && (me?.permissions.includes('policies.draft') ?? false) && (
        <p className="flex items-center gap-2 rounded-lg border bg-card px-4 py-2.5 text-[13px] text-soft">
          <Lock className="size-4 shrink-0" aria-hidden />
          Policies are not published from here: {visible(readOnlyBecause ?? 'as configured')}. Drafts can be written,
          tried and replayed all the same.
        </p>
      )}
      {warnings.length > 0 && (
        <details className="rounded-lg border border-warn-line bg-warn-tint px-4 py-2.5 text-warn">
          <summary className="cursor-pointer font-medium">
            <TriangleAlert className="mr-2 inline size-4" aria-hidden />
            {warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`}
          </summary>
          <ul className="mt-1 space-y-0.5 text-[13px]">
            {warnings.map((warning, i) => (
              <li key={i}>
                <button type="button" className="text-left hover:underline" onClick={() => onJump(warning.file)}>
                  <Code>{`${warning.file}:${warning.line}`}</Code> {visible(warning.message)}
                  {warning.help !== '' && `: ${visible(warning.help)}`}
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
