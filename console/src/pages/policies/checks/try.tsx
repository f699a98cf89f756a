import { useMutation } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { type FormEvent, type ReactNode, useId, useState } from 'react';
import type { ToolView } from '../../../../../src/model/insight/estate.ts';
import type { PolicyFile, PolicyVocabulary, Tried } from '../../../../../src/model/insight/policies.ts';
import { post } from '../../../api/client.ts';
import { useGet } from '../../../api/hooks.ts';
import { Badge, Effect } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { cn } from '../../../kit/cn.ts';
import { Area, Field, Input } from '../../../kit/field.tsx';
import { Empty, Failed } from '../../../kit/states.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { example, fieldsIn, partsOf, readArguments } from './request.ts';

interface TryProps {
  readonly files: readonly PolicyFile[];
  readonly vocabulary: PolicyVocabulary | undefined;
  readonly onJump: (file: string, line: number) => void;
}

/** One request, decided by the draft as it is now, saved or not: what comes of it, and what each policy says. */
export function TryRequest({ files, vocabulary, onJump }: TryProps) {
  const [agent, setAgent] = useState('');
  const [subject, setSubject] = useState('');
  const [tool, setTool] = useState('');
  const [args, setArgs] = useState('{}');
  const [server, name] = partsOf(tool);
  const known = vocabulary?.entities.Tool?.includes(tool) === true;
  const view = useGet<ToolView>(`/v1/servers/${encodeURIComponent(server)}/tools/${encodeURIComponent(name)}`, {
    enabled: known,
  });
  const fields = fieldsIn((view.data?.accepted ?? view.data?.seen)?.inputSchema);
  const read = readArguments(args);
  const tried = useMutation({
    mutationFn: () =>
      post<Tried>('/v1/policies/try', {
        files,
        request: {
          agent,
          subject: subject === '' ? null : subject,
          server,
          tool: name,
          args: read.ok ? read.value : {},
        },
      }),
  });
  const ready = agent !== '' && server !== '' && name !== '' && read.ok;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (ready) tried.mutate();
  };
  return (
    <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[22rem_minmax(0,1fr)]">
      <form onSubmit={submit} className="space-y-3">
        <Picked label="Agent" value={agent} onChange={setAgent} of={vocabulary?.entities.Agent} required />
        <Picked
          label="On behalf of"
          hint="A person, where the agent acts for one."
          value={subject}
          onChange={setSubject}
          of={vocabulary?.entities.Person}
        />
        <Picked
          label="Tool"
          hint="server/tool"
          value={tool}
          onChange={setTool}
          of={vocabulary?.entities.Tool}
          required
        />
        {fields.length > 0 && (
          <div className="rounded-lg border p-3 text-[13px]">
            <p className="flex items-center justify-between font-medium">
              What it takes
              <Button size="small" look="quiet" onClick={() => setArgs(JSON.stringify(example(fields), null, 2))}>
                Fill in
              </Button>
            </p>
            <ul className="mt-1 space-y-0.5">
              {fields.map(({ name: field, type, required, description }) => (
                <li key={field} title={description ?? undefined}>
                  <Code className={cn(required && 'font-semibold')}>{field}</Code>{' '}
                  <span className="text-soft">
                    {visible(type)}
                    {required ? '' : ', optional'}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
        <Field label="Arguments" hint="A JSON object." problem={read.ok ? null : read.problem}>
          {(ids) => (
            <Area
              {...ids}
              rows={6}
              value={args}
              spellCheck={false}
              onChange={(event) => setArgs(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit(event);
              }}
              className="font-mono text-[13px]"
            />
          )}
        </Field>
        <Button type="submit" disabled={!ready} busy={tried.isPending}>
          <FlaskConical aria-hidden /> Try it
        </Button>
      </form>
      <div role="status" aria-label="What comes of it" className="min-w-0">
        {tried.error !== null ? (
          <Failed error={tried.error} />
        ) : tried.data === undefined ? (
          <Empty icon={FlaskConical} title="Try a request">
            See what would be decided now, by these policies as they stand in the editor, with a fresh session. Nothing
            is called, counted or recorded.
          </Empty>
        ) : (
          <Outcome tried={tried.data} onJump={onJump} />
        )}
      </div>
    </div>
  );
}

function Picked({
  label,
  hint,
  value,
  onChange,
  of = [],
  required = false,
}: {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  of?: readonly string[] | undefined;
  required?: boolean;
}) {
  const list = useId();
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(ids) => (
        <>
          <Input
            {...ids}
            list={list}
            value={value}
            required={required}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => onChange(event.target.value.trim())}
          />
          <datalist id={list}>
            {of.slice(0, 500).map((id) => (
              <option key={id} value={id} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function Outcome({ tried, onJump }: { tried: Tried; onJump: TryProps['onJump'] }) {
  const parts = [...tried.policies].sort(byPart);
  const about = parts.filter(({ outcome }) => outcome !== 'head');
  const others = parts.filter(({ outcome }) => outcome === 'head');
  const tiers = Object.entries(tried.tiers).filter(([, said]) => said !== null);
  return (
    <div className="space-y-4">
      <p className="flex flex-wrap items-center gap-2 text-base">
        <Effect of={tried.effect} />
        {tried.refused !== null && (
          <span>
            before any policy: <Code>{tried.refused}</Code>
          </span>
        )}
        {tried.reasons.map((reason) => (
          <Code key={reason} className="text-[13px] text-soft">
            {reason}
          </Code>
        ))}
      </p>
      <Lines title="The agent is told" all={tried.messages.map(visible)} />
      <Lines title="People who must answer" all={tried.asks.map((ask) => <Code key={ask}>{ask}</Code>)} />
      <Lines
        title="What must be done with the call"
        all={tried.obligations.map((each) => <Code key={each}>{each}</Code>)}
      />
      <Lines title="Could not be evaluated" all={tried.errors.map(visible)} />
      {tiers.length > 0 && (
        <p className="text-[13px] text-soft">
          {tiers.map(([tier, said], i) => (
            <span key={tier}>
              {i > 0 && ' · '}
              {TIERS[tier]}: {said}
            </span>
          ))}
        </p>
      )}
      <PolicyParts all={about} onJump={onJump} />
      {others.length > 0 && (
        <details>
          <summary className="cursor-pointer text-[13px] text-soft">
            {others.length === 1 ? '1 policy is' : `${others.length} policies are`} about something else
          </summary>
          <div className="mt-2">
            <PolicyParts all={others} onJump={onJump} />
          </div>
        </details>
      )}
    </div>
  );
}

function PolicyParts({ all, onJump }: { all: Tried['policies']; onJump: TryProps['onJump'] }) {
  if (all.length === 0) return <p className="text-soft">No policy is about it: that is a denial.</p>;
  return (
    <ul aria-label="Policies and their part" className="divide-y rounded-lg border bg-card text-[13px]">
      {all.map(({ policy, effect, file, line, outcome, failure }) => (
        <li
          key={`${policy} ${line}`}
          className="grid grid-cols-1 items-center gap-x-3 gap-y-0.5 px-3 py-1.5 sm:grid-cols-[minmax(0,1fr)_4rem_11rem]"
        >
          <button
            type="button"
            className="truncate text-left font-mono text-accent hover:underline"
            onClick={() => onJump(file, line)}
          >
            {visible(policy)}
            <span className="text-soft">:{line}</span>
          </button>
          <span className="text-soft">{effect}</span>
          <span>
            <Badge tone={PARTS[outcome][0]}>{PARTS[outcome][1]}</Badge> {failure !== null && visible(failure)}
          </span>
        </li>
      ))}
    </ul>
  );
}

const TIERS: Readonly<Record<string, string>> = {
  user: 'what the person may do',
  scope: 'scopes',
  task: 'task',
  policy: 'policies',
};

const PARTS = {
  matched: ['accent', 'matches'],
  failed: ['bad', 'fails'],
  conditions: ['plain', 'conditions do not hold'],
  head: ['plain', 'is about something else'],
} as const;

const ORDER = ['failed', 'matched', 'conditions', 'head'];

function byPart(a: Tried['policies'][number], b: Tried['policies'][number]): number {
  return ORDER.indexOf(a.outcome) - ORDER.indexOf(b.outcome);
}

function Lines({ title, all }: { title: string; all: readonly ReactNode[] }) {
  if (all.length === 0) return null;
  return (
    <div>
      <h2 className="text-[13px] font-semibold">{title}</h2>
      <ul>
        {all.map((line, i) => (
          <li key={i}>{line}</li>
        ))}
      </ul>
    </div>
  );
}
