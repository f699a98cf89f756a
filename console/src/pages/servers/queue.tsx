import { useQueryClient } from '@tanstack/react-query';
import { Check, ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import type { ToolLine, ToolView } from '../../../../src/model/insight/estate.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { cn } from '../../kit/cn.ts';
import { useKeys } from '../../kit/keys.ts';
import { Answered, Empty, Failed, Loading } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { usePlace } from '../../use-place.ts';
import { ToolCard } from './tool/tool.tsx';
import { GRAVE } from './tool/words.ts';

const keyOf = ({ server, tool }: Pick<ToolLine, 'server' | 'tool'>): string => `${server}/${tool}`;

/** Definitions that wait for somebody: one after the other, by keyboard. */
export function Queue({ server }: { server?: string }) {
  const [search, set] = useFilters();
  const list = usePages<ToolLine>('/v1/tools', { state: 'quarantined', server }, { everyMs: 10_000 });
  const mayAccept = useMay()('tools.accept');
  const [accepting, setAccepting] = useState<ToolView | null>(null);
  const at = usePlace(list.rows.map(keyOf), search.review);
  const chosen = list.rows[at];
  const choose = (to: number): void => {
    const next = list.rows[Math.max(0, Math.min(list.rows.length - 1, to))];
    if (next !== undefined) set({ review: keyOf(next) });
  };
  const path = chosen === undefined ? '' : pathTo(chosen);
  const shown = useGet<ToolView>(path, { enabled: chosen !== undefined });
  const accept = (): void => {
    if (mayAccept && shown.data?.acceptable === true && shown.data.state === 'quarantined') setAccepting(shown.data);
  };
  useKeys({ j: () => choose(at + 1), k: () => choose(at - 1), a: accept });
  if (list.isPending) return <Loading lines={6} />;
  if (list.error !== null) return <Failed error={list.error} retry={() => void list.refetch()} />;
  if (chosen === undefined) return <Nothing />;
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[19rem_minmax(0,1fr)]">
      <nav aria-label="Waiting definitions" className="rounded-xl border bg-card p-1.5 shadow-card lg:sticky lg:top-4">
        <p className="flex items-center justify-between px-2 py-1.5 text-[13px] text-soft">
          <span>
            <span className="tabular">{list.total ?? list.rows.length}</span> waiting
          </span>
          <span className="hidden lg:inline">
            <Key>j</Key> <Key>k</Key> move
            {mayAccept && (
              <>
                {' '}
                · <Key>a</Key> accept
              </>
            )}
          </span>
        </p>
        <ul className="max-h-[40vh] overflow-y-auto lg:max-h-[70vh]">
          {list.rows.map((line, i) => (
            <li key={keyOf(line)}>
              <Waiting line={line} current={i === at} onChoose={() => choose(i)} />
            </li>
          ))}
        </ul>
        {list.more !== undefined && (
          <Button size="small" look="quiet" className="mt-1 w-full" onClick={list.more}>
            Show more
          </Button>
        )}
      </nav>
      <Answered query={shown} lines={10}>
        {(tool) => (
          <ToolCard
            tool={tool}
            actions={
              mayAccept ? (
                <Button look="accent" disabled={!tool.acceptable || tool.state !== 'quarantined'} onClick={accept}>
                  <Check aria-hidden /> Accept
                </Button>
              ) : (
                <span className="text-[13px] text-soft">An operator accepts it.</span>
              )
            }
          />
        )}
      </Answered>
      <Accept tool={accepting} onClose={() => setAccepting(null)} onDone={() => set({ review: null })} />
    </div>
  );
}

export function pathTo({ server, tool }: Pick<ToolLine, 'server' | 'tool'>): string {
  return `/v1/servers/${encodeURIComponent(server)}/tools/${encodeURIComponent(tool)}`;
}

function Waiting({ line, current, onChoose }: { line: ToolLine; current: boolean; onChoose: () => void }) {
  const grave = line.findings.some((code) => GRAVE.has(code));
  return (
    <button
      type="button"
      aria-current={current ? 'true' : undefined}
      onClick={onChoose}
      className={cn(
        'w-full rounded-lg px-2.5 py-2 text-left hover:bg-sunk',
        current && 'bg-accent-tint hover:bg-accent-tint',
      )}
    >
      <span className="flex items-center justify-between gap-2">
        <span className="truncate font-medium">{visible(line.tool)}</span>
        {line.waits === 'changed' ? (
          <Badge tone={grave ? 'bad' : 'warn'}>changed</Badge>
        ) : (
          <Badge tone={grave ? 'bad' : 'plain'}>new</Badge>
        )}
      </span>
      <span className="block truncate text-[13px] text-soft">
        {line.server} · <Time ms={line.seenAtMs} look="ago" />
      </span>
    </button>
  );
}

/** Exactly the definition that was looked at: one that changed meanwhile is not accepted. */
export function Accept({ tool, onClose, onDone }: { tool: ToolView | null; onClose: () => void; onDone?: () => void }) {
  const client = useQueryClient();
  return (
    <Act
      open={tool !== null}
      onOpenChange={(open) => {
        if (open) return;
        // After a refusal the page shows what the server shows now.
        void client.invalidateQueries({ queryKey: ['get'] });
        onClose();
      }}
      title={`Accept ${tool?.server ?? ''}/${visible(tool?.tool ?? '')}`}
      description="Agents that are permitted to use it see this very definition from now on."
      verb="Accept this definition"
      order={(reason) => ({
        method: 'POST',
        path: `/v1/servers/${encodeURIComponent(tool?.server ?? '')}/accept`,
        body: { tool: tool?.tool, seenHash: tool?.seenHash, reason },
      })}
      done={`Accepted ${tool?.server ?? ''}/${visible(tool?.tool ?? '')}`}
      {...(onDone === undefined ? {} : { onDone })}
    >
      <p className="text-[13px] text-soft">
        Definition <Code>{tool?.seenHash ?? ''}</Code>. If the server changes it before you confirm, nothing is
        accepted.
      </p>
    </Act>
  );
}

function Nothing() {
  return (
    <div className="rounded-xl border bg-card shadow-card">
      <Empty icon={ShieldCheck} title="No definition waits for you">
        When a server changes a tool that was accepted, or shows a new one, agents keep what was accepted and the change
        waits here. On the command line: <Code copy>{'interlock servers diff <server>'}</Code>
      </Empty>
    </div>
  );
}

function Key({ children }: { children: string }) {
  return <kbd className="rounded border bg-sunk px-1 font-mono text-[11px]">{children}</kbd>;
}
