import { useRef, useState } from 'react';
import { type Change, get, query } from '../../api/client.ts';
import { useChange } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { PersonInput } from '../../kit/entity.tsx';
import { Field, Input } from '../../kit/field.tsx';
import { Failed } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { toast } from '../../kit/toast.tsx';

/** Everything the filters leave, however many, as one file. */
export function useExport(filters: Readonly<Record<string, string>>): { readonly busy: boolean; run: () => void } {
  const [busy, setBusy] = useState(false);
  const run = (): void => {
    setBusy(true);
    gather(filters)
      .then((parts) => save(parts, 'agents.csv'))
      .catch((error: unknown) =>
        toast({ tone: 'bad', text: error instanceof Error ? error.message : 'The export did not work.' }),
      )
      .finally(() => setBusy(false));
  };
  return { busy, run };
}

async function gather(filters: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const parts: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { csv: string; next: string | null } = await get(
      `/v1/agents/export${query({ ...filters, limit: 5_000, cursor })}`,
    );
    parts.push(page.csv);
    cursor = page.next;
  } while (cursor !== null);
  return parts;
}

function save(parts: readonly string[], name: string): void {
  const url = URL.createObjectURL(new Blob([...parts], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Every agent of one person to another. */
export function MoveOwner({ onClose }: { onClose: () => void }) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [resume, setResume] = useState(false);
  return (
    <Act<{ reassigned: readonly string[]; left: readonly string[] }>
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Move everything of an owner"
      description="Every agent of one person gets another owner, in one act. Orphaned agents then wait, suspended, until somebody resumes them."
      verb="Move them"
      ready={from.trim() !== '' && to.trim() !== ''}
      order={(reason) => ({
        method: 'POST',
        path: '/v1/agents/reassign',
        body: { from: from.trim(), to: to.trim(), resume, reason },
      })}
      done={({ reassigned, left }) =>
        `${reassigned.length} ${reassigned.length === 1 ? 'agent' : 'agents'} moved${left.length > 0 ? `, ${left.length} left as they were` : ''}.`
      }
    >
      <Field label="From">{(ids) => <PersonInput {...ids} value={from} onChange={setFrom} />}</Field>
      <Field label="To">{(ids) => <PersonInput {...ids} value={to} onChange={setTo} />}</Field>
      <label className="flex items-center gap-2">
        <input type="checkbox" checked={resume} onChange={(event) => setResume(event.target.checked)} />
        Resume those that are orphaned at once
      </label>
    </Act>
  );
}

interface Imported {
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  readonly lines: readonly {
    readonly line: number;
    readonly id: string;
    readonly what: string;
    readonly reasons: readonly string[];
  }[];
}

/** A file of agents: looked at first, written when it is right. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<{ readonly name: string; readonly text: string; readonly type: string } | null>(
    null,
  );
  const look = useChange<Imported>();
  const order = (reason: string, dryRun: boolean): Change => ({
    method: 'POST',
    path: `/v1/agents/import${query({ reason, dryRun })}`,
    file: { type: file?.type ?? 'text/csv', text: file?.text ?? '' },
  });
  const newest = useRef<File | null>(null);
  const choose = async (chosen: File | undefined): Promise<void> => {
    if (chosen === undefined) return;
    newest.current = chosen;
    // What was looked at before is not what will be imported.
    setFile(null);
    look.reset();
    const type = chosen.name.toLowerCase().endsWith('.csv') ? 'text/csv' : 'application/json';
    const text = await chosen.text();
    // A larger one chosen before it is read to its end later.
    if (newest.current !== chosen) return;
    setFile({ name: chosen.name, text, type });
    look.mutate({
      method: 'POST',
      path: `/v1/agents/import${query({ reason: 'looked at before importing', dryRun: true })}`,
      file: { type, text },
    });
  };
  const seen = look.data;
  return (
    <Act<Imported>
      open
      wide
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Import agents"
      description="CSV as it is exported here, or JSON. Agents that are there are changed, others are registered; the same file again changes nothing."
      verb="Import"
      ready={file !== null && seen !== undefined && seen.refused === 0 && seen.made + seen.changed > 0}
      order={(reason) => order(reason, false)}
      done={({ made, changed }) => `${made} ${made === 1 ? 'agent' : 'agents'} registered, ${changed} changed.`}
    >
      <Field label="File">
        {(ids) => (
          <Input
            {...ids}
            type="file"
            accept=".csv,.json,.ndjson,text/csv,application/json"
            className="py-1.5"
            onChange={(event) => void choose(event.target.files?.[0])}
          />
        )}
      </Field>
      {look.error !== null && <Failed error={look.error} />}
      {seen !== undefined && file !== null && (
        <div role="status" className="rounded-lg border p-3">
          <p className="font-medium">
            {seen.made} new, {seen.changed} changed, {seen.same} as they are, {seen.refused} refused
          </p>
          {seen.refused > 0 && (
            <ul className="mt-2 max-h-48 list-disc space-y-1 overflow-auto pl-5 text-[13px] text-bad">
              {seen.lines
                .filter(({ what }) => what === 'refuse')
                .slice(0, 100)
                .map(({ line, id, reasons }) => (
                  <li key={line}>
                    Line {line}, {visible(id)}: {visible(reasons.join('; '))}
                  </li>
                ))}
            </ul>
          )}
        </div>
      )}
    </Act>
  );
}
