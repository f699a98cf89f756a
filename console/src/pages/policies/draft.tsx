import { useBlocker, useParams } from '@tanstack/react-router';
import { EllipsisVertical, Save } from 'lucide-react';
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type {
  PoliciesInForce,
  PolicyDraft,
  PolicyProblem,
  PolicyVocabulary,
} from '../../../../src/model/insight/policies.ts';
import { useGet, useMay, useMe } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, PageHead } from '../../kit/card.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Failed } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, Kbd, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { useLeadOn } from '../../use-here.ts';
import { changedFiles } from './cedar/changes.ts';
import { FilesDiff } from './cedar/diff.tsx';
import { CedarEditor, type EditorHandle, type Remark } from './cedar/editor.tsx';
import { Replay } from './checks/replay.tsx';
import { ShadowPanel } from './checks/shadow.tsx';
import { TryRequest } from './checks/try.tsx';
import { Conflict } from './draft/conflict.tsx';
import { FilesBar } from './draft/files-bar.tsx';
import { Leaving, Rename, StaleBase } from './draft/notes.tsx';
import { Problems } from './draft/problems.tsx';
import { Publish } from './draft/publish.tsx';
import { useCheck, useWork, type Working } from './draft/use-work.ts';
import { renamed, whyNotPublish, withFile, withoutFile } from './draft/work.ts';

const BACK = { to: '/policies', words: 'Drafts', search: { tab: 'drafts' } } as const;

/** One draft: written, checked, tried, replayed, run beside, compared, published. */
export function DraftPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const draft = useGet<PolicyDraft>(`/v1/policies/drafts/${encodeURIComponent(id)}`);
  return (
    <One
      query={draft}
      kind="draft"
      id={id}
      back={BACK}
      lines={16}
      gone="Drafts that were published or discarded are kept for a while, and then only what was published stays, as a version."
    >
      {(found) => <Workbench key={found.id} draft={found} />}
    </One>
  );
}

function Workbench({ draft }: { draft: PolicyDraft }) {
  const may = useMay();
  const me = useMe().data;
  const working = useWork(draft);
  const { saved, work, dirty, save } = working;
  const open = saved.state === 'open' && may('policies.draft');
  const inForce = useGet<PoliciesInForce>('/v1/policies', { everyMs: 3_000 }).data;
  const vocabulary = useGet<PolicyVocabulary>('/v1/policies/schema').data;
  const checking = useCheck(work.files, may('policies.draft'));
  const editor = useRef<EditorHandle>(null);
  const [at, setAt] = useState(work.files[0]?.path ?? '');
  const path = work.files.some((file) => file.path === at) ? at : (work.files[0]?.path ?? '');
  const [wanted, setWanted] = useState<{ file: string; line: number; column: number } | null>(null);
  const leadOn = useLeadOn();
  const jump = useCallback((file: string, line: number, column = 1) => {
    setAt(file);
    setWanted({ file, line, column });
  }, []);
  // Once the file it is in is the one that is shown.
  useEffect(() => {
    if (wanted === null || wanted.file !== path) return;
    editor.current?.goTo(wanted.line, wanted.column);
    setWanted(null);
  }, [wanted, path]);
  useSaveKey(open ? save : null);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => dirty && current.pathname !== next.pathname,
    enableBeforeUnload: () => dirty,
    withResolver: true,
  });
  const check = checking.current ? checking.check : undefined;
  const whyNot = whyNotPublish({ draft: saved, dirty, inForce, check, me });
  return (
    <>
      <Head working={working} open={open}>
        {may('policies.publish') && (
          <Publish
            draft={saved}
            inForce={inForce}
            version={check?.version ?? null}
            whyNot={whyNot}
            onDone={() => void leadOn({ to: '/policies', search: {} as never })}
          />
        )}
      </Head>
      {saved.state === 'open' && whyNot !== null && (
        <p id="why-not-publish" className="mb-3 -mt-2 text-[13px] text-soft">
          <strong className="font-medium text-ink">Not to be published yet.</strong> {whyNot}
        </p>
      )}
      {working.error !== null && working.error !== undefined && <Failed className="mb-4" error={working.error} />}
      <Conflict working={working} />
      {open && inForce !== undefined && work.base !== inForce.version && (
        <StaleBase inForce={inForce} onTake={() => working.change({ ...work, base: inForce.version })} />
      )}
      <Card className="mb-5 overflow-hidden">
        <FilesBar
          files={work.files}
          saved={saved.files}
          problems={checking.check?.problems ?? []}
          at={path}
          onChoose={setAt}
          change={
            open
              ? {
                  add(name) {
                    working.change(withFile(work, name, ''));
                    setAt(name);
                  },
                  rename(name, to) {
                    working.change(renamed(work, name, to));
                    setAt(to);
                  },
                  remove: (name) => working.change(withoutFile(work, name)),
                }
              : undefined
          }
        />
        <Source {...{ working, path, open, vocabulary, editor }} problems={checking.check} />
        {may('policies.draft') && (
          <Problems
            check={checking.check}
            current={checking.current}
            error={checking.error}
            onJump={({ file, line, column }) => jump(file, line, column)}
          />
        )}
      </Card>
      <Panels
        {...{ working, inForce, vocabulary, jump }}
        settled={checking.settled}
        version={check?.version ?? null}
        ok={check?.ok === true}
      />
      {blocker.status === 'blocked' && <Leaving stay={blocker.reset} leave={blocker.proceed} />}
    </>
  );
}

/** Ctrl+S wherever one is on the page. */
function useSaveKey(save: (() => void) | null): void {
  const current = useRef(save);
  current.current = save;
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      event.preventDefault();
      current.current?.();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

function Head({ working, open, children }: { working: Working; open: boolean; children: React.ReactNode }) {
  const { saved, work, dirty, saving, save } = working;
  const [doing, setDoing] = useState<'rename' | 'discard' | null>(null);
  const leadOn = useLeadOn();
  return (
    <PageHead
      tab={work.title}
      back={<Back {...BACK} />}
      title={
        <>
          {visible(work.title)}
          {saved.state !== 'open' && <Badge tone={saved.state === 'published' ? 'good' : 'plain'}>{saved.state}</Badge>}
          {dirty && <Badge tone="accent">not saved</Badge>}
        </>
      }
      lead={
        <span className="text-[13px]">
          Begun by {visible(saved.author)}; revision {saved.revision}, saved by {visible(saved.updatedBy)}{' '}
          <Time ms={saved.updatedAtMs} look="ago" />; based on <Code>{work.base.slice(0, 12)}</Code>
        </span>
      }
      actions={
        open ? (
          <>
            <Menu
              trigger={
                <Button look="quiet" size="icon" aria-label="Rename or discard this draft">
                  <EllipsisVertical aria-hidden />
                </Button>
              }
              items={[
                { label: 'Rename draft…', onSelect: () => setDoing('rename') },
                { label: 'Discard draft…', danger: true, onSelect: () => setDoing('discard') },
              ]}
            />
            <Button disabled={!dirty} busy={saving} onClick={save} title="Ctrl+S">
              <Save aria-hidden /> Save
            </Button>
            {children}
            {doing === 'rename' && (
              <Rename
                title={work.title}
                onClose={() => setDoing(null)}
                onName={(title) => working.change({ ...work, title })}
              />
            )}
            <Act
              open={doing === 'discard'}
              onOpenChange={() => setDoing(null)}
              title="Discard this draft"
              description="It can be read as long as it is kept, and changed no more. What is in force stays as it is."
              verb="Discard"
              danger
              order={(reason) => ({
                method: 'POST',
                path: `/v1/policies/drafts/${encodeURIComponent(saved.id)}/discard`,
                body: { revision: saved.revision, reason },
              })}
              done="The draft is discarded"
              onDone={() => void leadOn({ to: '/policies', search: { tab: 'drafts' } as never })}
            />
          </>
        ) : undefined
      }
    />
  );
}

interface SourceProps {
  readonly working: Working;
  readonly path: string;
  readonly open: boolean;
  readonly vocabulary: PolicyVocabulary | undefined;
  readonly problems:
    | { readonly problems: readonly PolicyProblem[]; readonly warnings: readonly PolicyProblem[] }
    | undefined;
  readonly editor: RefObject<EditorHandle | null>;
}

function Source({ working, path, open, vocabulary, problems, editor }: SourceProps) {
  const { work, change } = working;
  const text = work.files.find((file) => file.path === path)?.text ?? '';
  const remarks = useMemo(() => remarksOf(path, problems), [path, problems]);
  return (
    <>
      <div role="tabpanel" aria-label={path} className="[&_.cm-editor]:max-h-[min(60vh,40rem)] [&_.cm-editor]:min-h-64">
        <CedarEditor
          path={path}
          text={text}
          remarks={remarks}
          vocabulary={vocabulary}
          handle={editor}
          {...(open ? { onChange: (next: string) => change(withFile(work, path, next)) } : {})}
        />
      </div>
      {open && (
        <p className="hidden border-t px-4 py-1.5 text-xs text-soft sm:block">
          <Kbd>Ctrl S</Kbd> saves, <Kbd>Ctrl Space</Kbd> completes, <Kbd>F8</Kbd> goes to the next problem,{' '}
          <Kbd>Esc</Kbd> <Kbd>Tab</Kbd> leaves the editor
        </p>
      )}
    </>
  );
}

function remarksOf(path: string, found: SourceProps['problems']): readonly Remark[] {
  const here = (all: readonly PolicyProblem[], severity: Remark['severity']): readonly Remark[] =>
    all.filter(({ file }) => file === path).map(({ file: _, ...problem }) => ({ ...problem, severity }));
  return [...here(found?.problems ?? [], 'error'), ...here(found?.warnings ?? [], 'warning')];
}

interface PanelsProps {
  readonly working: Working;
  readonly inForce: PoliciesInForce | undefined;
  readonly vocabulary: PolicyVocabulary | undefined;
  readonly jump: (file: string, line: number) => void;
  /** Files of the last moment nobody typed: comparing is more work than a letter should make. */
  readonly settled: PolicyDraft['files'];
  readonly version: string | null;
  readonly ok: boolean;
}

/** What can be found out about a draft before it is published. */
function Panels({ working, inForce, vocabulary, jump, settled, version, ok }: PanelsProps) {
  const may = useMay();
  const [search, set] = useFilters();
  const { work, saved, dirty } = working;
  const drafts = may('policies.draft');
  const before = inForce?.files ?? [];
  const changed = changedFiles(before, settled).length;
  const panels = [
    {
      id: 'difference',
      label: `Difference${changed === 0 ? '' : ` (${changed})`}`,
      content:
        inForce === undefined ? null : (
          <FilesDiff before={before} after={settled} same="It says what is in force already." />
        ),
    },
    ...(drafts
      ? [
          {
            id: 'try',
            label: 'Try a request',
            content: <TryRequest files={work.files} vocabulary={vocabulary} onJump={jump} />,
          },
          {
            id: 'replay',
            label: 'Replay',
            content: <Replay files={work.files} version={version} mayStart={drafts} />,
          },
        ]
      : []),
    {
      id: 'shadow',
      label: inForce?.shadow?.draft === saved.id ? 'Shadow mode ●' : 'Shadow mode',
      content: inForce === undefined ? null : <ShadowPanel {...{ inForce, dirty, ok }} draft={saved} />,
    },
  ];
  const at = panels.some(({ id }) => id === search.panel) ? (search.panel as string) : 'difference';
  return (
    <Tabs
      label="About this draft"
      value={at}
      onChange={(panel) => set({ panel: panel === 'difference' ? null : panel })}
      tabs={panels}
    />
  );
}
