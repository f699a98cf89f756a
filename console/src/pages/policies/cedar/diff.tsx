import { unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { FileDiff, FileMinus, FilePlus } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import type { PolicyFile } from '../../../../../src/model/insight/policies.ts';
import { Badge, type Tone } from '../../../kit/badge.tsx';
import { Card } from '../../../kit/card.tsx';
import { cn } from '../../../kit/cn.ts';
import { Code } from '../../../kit/text.tsx';
import { type ChangedFile, changedFiles } from './changes.ts';
import { cedarLanguage } from './language.ts';
import { look } from './look.ts';

/** What became of a set of files, file by file; what is the same in both is not shown. */
export function FilesDiff({
  before,
  after,
  same,
}: {
  before: readonly PolicyFile[];
  after: readonly PolicyFile[];
  /** Said where nothing differs. */
  same: ReactNode;
}) {
  const changed = changedFiles(before, after);
  if (changed.length === 0) return <p className="py-6 text-center text-soft">{same}</p>;
  return (
    <div className="space-y-4">
      {changed.map((file) => (
        <Card key={file.path} className="overflow-hidden">
          <h2 className="flex flex-wrap items-center gap-2 border-b px-4 py-2">
            <Mark how={file.how} />
            <Code className="font-semibold">{file.path}</Code>
            <Badge tone={HOW[file.how][0]}>{HOW[file.how][1]}</Badge>
          </h2>
          <OneDiff {...file} />
        </Card>
      ))}
    </div>
  );
}

const HOW: Readonly<Record<ChangedFile['how'], readonly [Tone, string]>> = {
  changed: ['accent', 'changed'],
  added: ['good', 'added'],
  removed: ['bad', 'removed'],
};

function Mark({ how }: { how: ChangedFile['how'] }) {
  const Icon = how === 'added' ? FilePlus : how === 'removed' ? FileMinus : FileDiff;
  return <Icon className="size-4 text-soft" aria-hidden />;
}

function OneDiff({ path, how, before, after }: ChangedFile) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const changes =
      how === 'changed'
        ? [
            unifiedMergeView({
              original: before,
              mergeControls: false,
              collapseUnchanged: { margin: 3, minSize: 6 },
            }),
          ]
        : [];
    const view = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: how === 'removed' ? before : after,
        extensions: [
          look,
          lineNumbers(),
          cedarLanguage,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': `${path}: ${WORDS[how]}`, tabindex: '0' }),
          ...changes,
        ],
      }),
    });
    return () => view.destroy();
  }, [path, how, before, after]);
  return (
    <div
      ref={box}
      className={cn(how === 'added' && '[&_.cm-line]:bg-good-tint', how === 'removed' && '[&_.cm-line]:bg-bad-tint')}
    />
  );
}

const WORDS: Readonly<Record<ChangedFile['how'], string>> = {
  changed: 'what changed',
  added: 'all of it is new',
  removed: 'all of it is gone',
};
