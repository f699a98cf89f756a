import { EllipsisVertical, FilePlus2 } from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import type { PolicyFile, PolicyProblem } from '../../../../../src/model/insight/policies.ts';
import { Button } from '../../../kit/button.tsx';
import { cn } from '../../../kit/cn.ts';
import { Dialog } from '../../../kit/dialog.tsx';
import { Field, Input } from '../../../kit/field.tsx';
import { Menu } from '../../../kit/menu.tsx';
import { visible } from '../../../kit/text.tsx';
import { asPath, whyBadPath } from './work.ts';

interface FilesBarProps {
  readonly files: readonly PolicyFile[];
  readonly saved: readonly PolicyFile[];
  readonly problems: readonly PolicyProblem[];
  readonly at: string;
  readonly onChoose: (path: string) => void;
  /** Absent: nothing can be changed. */
  readonly change?:
    | {
        readonly add: (path: string) => void;
        readonly rename: (path: string, to: string) => void;
        readonly remove: (path: string) => void;
      }
    | undefined;
}

/** One tab for each file, with what is wrong in it and whether it is saved. Arrow keys move between them. */
export function FilesBar({ files, saved, problems, at, onChoose, change }: FilesBarProps) {
  const [naming, setNaming] = useState<'add' | 'rename' | null>(null);
  const list = useRef<HTMLDivElement>(null);
  const paths = files.map(({ path }) => path);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [at]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const to = (paths.indexOf(at) + step + paths.length) % paths.length;
    onChoose(paths[to] as string);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[to]?.focus();
  };
  return (
    <div className="flex items-center gap-1 border-b pr-2">
      <div
        ref={list}
        role="tablist"
        aria-label="Files"
        onKeyDown={onKeyDown}
        className="flex min-w-0 flex-1 overflow-x-auto px-1 pt-1"
      >
        {files.map(({ path, text }) => {
          const errors = problems.filter(({ file }) => file === path).length;
          const unsaved = saved.find((file) => file.path === path)?.text !== text;
          return (
            <button
              key={path}
              type="button"
              role="tab"
              aria-selected={path === at}
              tabIndex={path === at ? 0 : -1}
              onClick={() => onChoose(path)}
              className={cn(
                '-mb-px flex items-center gap-1.5 border-b-2 border-transparent px-3 py-2 font-mono text-[13px] whitespace-nowrap text-soft hover:text-ink focus-visible:-outline-offset-2',
                path === at && 'border-accent text-ink',
              )}
            >
              {visible(path)}
              {unsaved && (
                <span title="Not saved" aria-label="not saved" className="size-1.5 rounded-full bg-accent" role="img" />
              )}
              {errors > 0 && (
                <span
                  aria-label={errors === 1 ? '1 error' : `${errors} errors`}
                  role="img"
                  className="rounded-full bg-bad-fill px-1.5 font-sans text-[11px] leading-4.5 font-semibold text-bad-ink"
                >
                  {errors}
                </span>
              )}
            </button>
          );
        })}
      </div>
      {change !== undefined && (
        <>
          <Button look="quiet" size="small" onClick={() => setNaming('add')}>
            <FilePlus2 aria-hidden /> <span className="max-sm:sr-only">New file</span>
          </Button>
          <Menu
            trigger={
              <Button look="quiet" size="icon" aria-label={`${at}: rename or remove`}>
                <EllipsisVertical aria-hidden />
              </Button>
            }
            items={[
              { label: 'Rename file…', onSelect: () => setNaming('rename') },
              {
                label: 'Remove file',
                danger: true,
                disabled: files.length < 2,
                onSelect: () => change.remove(at),
              },
            ]}
          />
          {naming !== null && (
            <NameFile
              now={naming === 'rename' ? at : null}
              others={naming === 'rename' ? paths.filter((path) => path !== at) : paths}
              onClose={() => setNaming(null)}
              onName={(path) => (naming === 'add' ? change.add(path) : change.rename(at, path))}
            />
          )}
        </>
      )}
    </div>
  );
}

function NameFile({
  now,
  others,
  onClose,
  onName,
}: {
  now: string | null;
  others: readonly string[];
  onClose: () => void;
  onName: (path: string) => void;
}) {
  const [written, setWritten] = useState(now ?? '');
  const form = useId();
  const path = asPath(written);
  const problem = whyBadPath(path, others);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={now === null ? 'New file' : 'Rename file'}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="accent" type="submit" form={form} disabled={problem !== null}>
            {now === null ? 'Add' : 'Rename'}
          </Button>
        </>
      }
    >
      <form
        id={form}
        onSubmit={(event) => {
          event.preventDefault();
          if (problem !== null) return;
          onName(path);
          onClose();
        }}
      >
        <Field
          label="Name"
          hint={path === '' ? 'For example purchasing.cedar, or finance/orders.cedar.' : `It will be ${path}`}
          problem={written === '' ? null : problem}
        >
          {(ids) => (
            <Input
              {...ids}
              value={written}
              maxLength={200}
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
              onChange={(event) => setWritten(event.target.value)}
            />
          )}
        </Field>
      </form>
    </Dialog>
  );
}
