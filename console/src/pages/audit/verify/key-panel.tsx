import { Download, KeyRound, ShieldAlert } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { JournalInfo } from '../../../../../src/model/insight/records.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Panel } from '../../../kit/card.tsx';
import { download } from '../../../kit/download.ts';
import { Area, Field } from '../../../kit/field.tsx';
import { Code } from '../../../kit/text.tsx';
import { Time } from '../../../kit/time.tsx';
import { parseKey } from '../../../verify/note.ts';
import type { KeyState, TrustedKey } from '../../../verify/trust.ts';

interface KeyPanelProps {
  readonly state: KeyState;
  readonly info: JournalInfo;
  readonly onKeep: (key: Omit<TrustedKey, 'sinceMs'>) => void;
}

/** Which key signatures are checked against, how this browser came by it, and an alarm when the gateway shows another. */
export function KeyPanel({ state, info, onKeep }: KeyPanelProps) {
  const [editing, setEditing] = useState(false);
  const trusted = state.kind === 'first' ? null : state.key;
  return (
    <Panel
      title="Verifier key"
      note="Every signature is checked against it. Bring it from elsewhere: whoever made the log printed it at its first start."
    >
      {state.kind === 'changed' && <Changed state={state} onKeep={onKeep} />}
      <p className="mb-1 flex flex-wrap items-center gap-2">
        {state.kind === 'first' ? (
          <Badge tone="warn">Shown by the gateway, not yet trusted</Badge>
        ) : trusted?.how === 'given' ? (
          <Badge tone="good">Given by you</Badge>
        ) : (
          <Badge tone="accent">Trusted since it was first seen</Badge>
        )}
        {trusted !== null && (
          <span className="text-[13px] text-soft">
            <Time ms={trusted.sinceMs} />
          </span>
        )}
      </p>
      <Code copy className="break-all">
        {trusted?.vkey ?? info.vkey}
      </Code>
      {state.kind === 'first' && (
        <p className="mt-2 text-[13px] text-soft">
          With the first check this browser remembers it and reports any change. That protects from now on; only a key
          from elsewhere protects from the start.
        </p>
      )}
      {editing && (
        <GiveKey
          onCancel={() => setEditing(false)}
          onGive={(vkey) => {
            onKeep({ vkey, how: 'given' });
            setEditing(false);
          }}
        />
      )}
      <p className="mt-3 flex flex-wrap gap-2">
        {!editing && (
          <Button size="small" onClick={() => setEditing(true)}>
            <KeyRound aria-hidden /> Give the key
          </Button>
        )}
        <Button size="small" onClick={() => download('interlock.vkey', `${info.vkey}\n`)}>
          <Download aria-hidden /> Key
        </Button>
        {info.lastCheckpoint !== null && (
          <Button
            size="small"
            onClick={() => download(`interlock-${info.lastCheckpoint!.size}.checkpoint`, info.lastCheckpoint!.note)}
          >
            <Download aria-hidden /> Latest checkpoint
          </Button>
        )}
      </p>
      <p className="mt-2 text-[13px] text-soft">
        Keep a checkpoint, now and then, where nobody who runs the gateway can change it. It is 200 bytes, contains no
        data, and later shows whether anything before it was rewritten.
      </p>
    </Panel>
  );
}

function Changed({
  state,
  onKeep,
}: {
  state: Extract<KeyState, { kind: 'changed' }>;
  onKeep: KeyPanelProps['onKeep'];
}) {
  return (
    <div
      role="alert"
      className="mb-4 flex items-start gap-3 rounded-lg border border-bad-line bg-bad-tint p-3 text-bad"
    >
      <ShieldAlert className="mt-0.5 size-5 shrink-0" aria-hidden />
      <div className="min-w-0 space-y-2">
        <p className="font-semibold">The gateway shows another key than the one this browser trusts</p>
        <p>
          A log keeps its key for life. Either this is another log at the same address, or somebody replaced the log
          together with its key. Until you know which, checks go on against the key you trust, and will fail.
        </p>
        <p>
          Shown now: <Code className="break-all">{state.shown}</Code>
        </p>
        <Button size="small" look="danger" onClick={() => onKeep({ vkey: state.shown, how: 'given' })}>
          I know why. Trust the new key
        </Button>
      </div>
    </div>
  );
}

function GiveKey({ onGive, onCancel }: { onGive: (vkey: string) => void; onCancel: () => void }) {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const key = parseKey(text);
    if (key === null) setProblem('This is no Ed25519 verifier key, or its id does not fit it.');
    else onGive(key.vkey);
  };
  return (
    <form onSubmit={submit} className="mt-3 space-y-2">
      <Field label="Verifier key" hint="name+id+key, in one line: interlock checkpoint --vkey" problem={problem}>
        {(ids) => (
          <Area
            {...ids}
            autoFocus
            rows={2}
            spellCheck={false}
            className="font-mono text-[13px]"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setProblem(null);
            }}
          />
        )}
      </Field>
      <div className="flex gap-2">
        <Button size="small" look="accent" type="submit" disabled={text.trim() === ''}>
          Trust this key
        </Button>
        <Button size="small" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
