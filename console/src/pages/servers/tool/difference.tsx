import { useMemo, useState } from 'react';
import type { ToolView } from '../../../../../src/model/insight/estate.ts';
import { Button } from '../../../kit/button.tsx';
import { cn } from '../../../kit/cn.ts';
import { Code, visible } from '../../../kit/text.tsx';
import { diffOf, linesOf, type Piece, wordsOf } from './diff.ts';
import { pathOf } from './words.ts';

/** Where what the server shows differs from what was accepted: place by place, or the whole definition line by line. */
export function Difference({ tool }: { tool: ToolView }) {
  const [whole, setWhole] = useState(tool.accepted === null);
  const first = tool.accepted === null;
  return (
    <div>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
        <h3 className="font-semibold">
          {first
            ? 'What the server shows'
            : tool.differences.length === 0
              ? 'The definition in force'
              : 'Accepted against shown now'}
        </h3>
        {tool.differences.length > 0 && (
          <Button size="small" onClick={() => setWhole(!whole)} aria-pressed={whole}>
            {whole ? 'Only what changed' : 'Whole definition'}
          </Button>
        )}
      </div>
      {whole || tool.differences.length === 0 ? (
        <Whole tool={tool} />
      ) : (
        <ul className="space-y-3">
          {tool.differences.map((difference) => (
            <Place key={difference.at} {...difference} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Place({ at, before, after }: ToolView['differences'][number]) {
  const texts = typeof before === 'string' && typeof after === 'string';
  const pieces = useMemo(
    () => (texts ? diffOf(wordsOf(before), wordsOf(after)) : diffOf(linesOf(before), linesOf(after), '\n')),
    [texts, before, after],
  );
  return (
    <li className="overflow-hidden rounded-lg border">
      <p className="flex flex-wrap items-center gap-x-2 border-b bg-sunk px-3 py-1.5 text-[13px]">
        <span className="font-medium">{visible(pathOf(at))}</span>
        <span className="text-soft">
          {before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'}
        </span>
      </p>
      {texts ? (
        <p className="px-3 py-2 whitespace-pre-wrap">
          {pieces.map((piece, i) => (
            <Inline key={i} {...piece} />
          ))}
        </p>
      ) : (
        <Lines pieces={pieces} />
      )}
    </li>
  );
}

function Inline({ kind, text }: Piece) {
  const shown = visible(text);
  if (kind === 'gone') return <del className="rounded-sm bg-bad-tint text-bad">{shown}</del>;
  if (kind === 'new') return <ins className="rounded-sm bg-good-tint text-good no-underline">{shown}</ins>;
  return <>{shown}</>;
}

const MARKS = { same: ' ', gone: '−', new: '+' } as const;
const SPOKEN = { same: '', gone: 'removed: ', new: 'added: ' } as const;

function Lines({ pieces }: { pieces: readonly Piece[] }) {
  return (
    <pre tabIndex={0} className="max-h-[28rem] overflow-auto py-1.5 font-mono text-[12.5px] leading-relaxed">
      {pieces.flatMap(({ kind, text }, i) =>
        text.split('\n').map((line, j) => (
          <div
            key={`${i}-${j}`}
            className={cn(
              'px-3 break-words whitespace-pre-wrap',
              kind === 'gone' && 'bg-bad-tint text-bad',
              kind === 'new' && 'bg-good-tint text-good',
            )}
          >
            <span aria-hidden className="mr-2 inline-block w-3 select-none">
              {MARKS[kind]}
            </span>
            <span className="sr-only">{SPOKEN[kind]}</span>
            {visible(line)}
          </div>
        )),
      )}
    </pre>
  );
}

function Whole({ tool: { accepted, seen, seenHash, acceptedHash } }: { tool: ToolView }) {
  const pieces = useMemo(() => diffOf(linesOf(accepted ?? seen), linesOf(seen), '\n'), [accepted, seen]);
  return (
    <div className="overflow-hidden rounded-lg border">
      <Lines pieces={pieces} />
      <p className="flex flex-wrap gap-x-4 gap-y-1 border-t bg-sunk px-3 py-1.5 text-xs text-soft">
        {acceptedHash !== null && acceptedHash !== seenHash && (
          <span>
            accepted <Code>{acceptedHash.slice(0, 16)}</Code>
          </span>
        )}
        <span>
          {acceptedHash === seenHash ? 'accepted and shown' : 'shown'} <Code>{seenHash.slice(0, 16)}</Code>
        </span>
      </p>
    </div>
  );
}
