import { useNavigate } from '@tanstack/react-router';
import { Eye, OctagonX, Pause } from 'lucide-react';
import { useState } from 'react';
import type { AgentLine } from '../../../../src/model/insight/agents.ts';
import type { PersonLine, ToolLine } from '../../../../src/model/insight/estate.ts';
import type { Page } from '../../../../src/model/insight/page.ts';
import type { LockKind, Tier } from '../../../../src/model/lock.ts';
import { query } from '../../api/client.ts';
import { useEvery, useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { cn } from '../../kit/cn.ts';
import { Choice, Field } from '../../kit/field.tsx';
import { Suggest } from '../../kit/pick.tsx';
import { toast } from '../../kit/toast.tsx';
import { Preview } from './preview.tsx';
import { DURATIONS, KINDS, phraseOf, TIER_WORDS, targetOf } from './words.ts';

interface StopProps {
  /** What is stopped; `null`: chosen in the dialog. */
  readonly target: string | null;
  readonly onClose: () => void;
}

/** The red button: what, how hard, for how long, why; and what exactly that will cut, before it does. */
export function StopDialog({ target: fixed, onClose }: StopProps) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<LockKind>('agent');
  const [id, setId] = useState('');
  const [tier, setTier] = useState<Tier>('halt');
  const [forMs, setForMs] = useState('');
  const target = fixed ?? targetOf(kind, id);
  const words = TIER_WORDS[tier];
  return (
    <Act
      open
      wide
      danger={tier !== 'watch'}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={fixed === null ? 'Place a lock' : `Stop ${phraseOf(fixed)}`}
      description="It holds within milliseconds, on every gateway of this installation, and survives a restart."
      verb={target === null ? words.name : `${words.name} ${phraseOf(target)}`}
      ready={target !== null}
      order={(reason) => ({
        method: 'POST',
        path: '/v1/locks',
        body: { target, tier, reason, ...(forMs === '' ? {} : { forMs: Number(forMs) }) },
      })}
      onDone={() => {
        const placed = target ?? '';
        toast({
          tone: 'good',
          text: `${capital(phraseOf(placed))} ${words.done}.`,
          undo: {
            words: 'Release…',
            run: () => void navigate({ to: '/stop', search: { release: placed } as never }),
          },
        });
      }}
    >
      {fixed === null && <TargetFields kind={kind} setKind={setKind} id={id} setId={setId} />}
      <fieldset>
        <legend className="mb-1 text-[13px] font-medium">How hard</legend>
        <div className="grid grid-cols-1 gap-2 sm:grid-cols-3">
          {(['watch', 'pause', 'halt'] as const).map((each) => (
            <TierChoice key={each} tier={each} chosen={each === tier} onChoose={() => setTier(each)} />
          ))}
        </div>
      </fieldset>
      <Preview target={target} tier={tier} />
      <Field label="For how long">
        {(ids) => (
          <Choice {...ids} value={forMs} onChange={(event) => setForMs(event.target.value)}>
            {DURATIONS.map(([ms, name]) => (
              <option key={ms} value={ms}>
                {name}
              </option>
            ))}
          </Choice>
        )}
      </Field>
    </Act>
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

const ICONS = { watch: Eye, pause: Pause, halt: OctagonX } as const;

function TierChoice({ tier, chosen, onChoose }: { tier: Tier; chosen: boolean; onChoose: () => void }) {
  const Icon = ICONS[tier];
  const { name, does } = TIER_WORDS[tier];
  return (
    <label
      className={cn(
        'flex cursor-pointer items-start gap-2.5 rounded-lg border p-3 has-focus-visible:outline-2 has-focus-visible:outline-accent',
        chosen
          ? tier === 'halt'
            ? 'border-bad bg-bad-tint'
            : 'border-warn bg-warn-tint'
          : 'border-edge/60 hover:border-edge',
      )}
    >
      <input type="radio" name="tier" value={tier} checked={chosen} onChange={onChoose} className="sr-only" />
      <Icon
        className={cn('mt-0.5 size-4 shrink-0', chosen ? (tier === 'halt' ? 'text-bad' : 'text-warn') : 'text-soft')}
        aria-hidden
      />
      <span className="min-w-0">
        <span className="block font-semibold">{name}</span>
        <span className={cn('block text-[13px]', chosen ? 'text-ink' : 'text-soft')}>{does}</span>
      </span>
    </label>
  );
}

function TargetFields({
  kind,
  setKind,
  id,
  setId,
}: {
  kind: LockKind;
  setKind: (kind: LockKind) => void;
  id: string;
  setId: (id: string) => void;
}) {
  const may = useMay();
  const kinds = KINDS.filter((each) => each.kind !== 'all' || may('locks.everything'));
  const chosen = KINDS.find((each) => each.kind === kind)!;
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <Field label="What" hint={chosen.hint}>
        {(ids) => (
          <Choice
            {...ids}
            className="w-full"
            value={kind}
            onChange={(event) => {
              setKind(event.target.value as LockKind);
              setId('');
            }}
          >
            {kinds.map((each) => (
              <option key={each.kind} value={each.kind}>
                {each.name}
              </option>
            ))}
          </Choice>
        )}
      </Field>
      {kind !== 'all' && (
        <Field label={chosen.id} hint="Its id; those that are known are proposed.">
          {(ids) => <TargetId {...ids} kind={kind} value={id} onChange={setId} />}
        </Field>
      )}
    </div>
  );
}

function TargetId({
  kind,
  value,
  onChange,
  ...ids
}: {
  kind: LockKind;
  value: string;
  onChange: (id: string) => void;
}) {
  const options = useKnown(kind, value);
  return (
    <Suggest
      {...ids}
      required
      className="font-mono"
      value={value}
      options={options}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

/** What there is of that kind, as far as it is a list one can be shown. */
function useKnown(kind: LockKind, text: string): readonly { value: string; label?: string }[] {
  const agents = useGet<Page<AgentLine>>(`/v1/agents/summaries${query({ search: text, limit: 20 })}`, {
    enabled: kind === 'agent',
  }).data?.items;
  const people = useGet<Page<PersonLine>>(`/v1/people${query({ q: text, limit: 20 })}`, {
    enabled: kind === 'owner' || kind === 'user',
  }).data?.items;
  const servers = useEvery<{ id: string }>('/v1/servers', { enabled: kind === 'server' || kind === 'tool' }).data;
  const sessions = useGet<Page<{ id: string; agent: string }>>('/v1/sessions?limit=200', {
    enabled: kind === 'session',
  }).data?.items;
  // Once a server is named, its tools; before that, the first of all.
  const slash = text.indexOf('/');
  const of = slash < 0 ? {} : { server: text.slice(0, slash), q: text.slice(slash + 1) };
  const tools = useGet<Page<ToolLine>>(`/v1/tools${query({ ...of, limit: 200 })}`, { enabled: kind === 'tool' }).data
    ?.items;
  if (kind === 'agent') return (agents ?? []).map(({ id, name }) => ({ value: id, label: name }));
  if (kind === 'owner' || kind === 'user') return (people ?? []).map(({ id, name }) => ({ value: id, label: name }));
  if (kind === 'server') return (servers ?? []).map(({ id }) => ({ value: id }));
  if (kind === 'session') return (sessions ?? []).map(({ id, agent }) => ({ value: id, label: agent }));
  if (kind === 'tool') return (tools ?? []).map(({ server, tool }) => ({ value: `${server}/${tool}` }));
  return [];
}
