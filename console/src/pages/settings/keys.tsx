import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useEvery, useMay, useMe } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { Code } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';

interface Key {
  readonly kid: string;
  readonly state: 'next' | 'current' | 'retired';
  readonly createdAtMs: number;
  readonly signsFromMs: number;
  readonly signsUntilMs: number | null;
  readonly goneAtMs: number | null;
}

const STATES = {
  current: ['good', 'signs now'],
  next: ['accent', 'signs next'],
  retired: ['plain', 'only checks what it signed'],
} as const;

/** Keys that sign tokens. No private part is ever shown. */
export function Keys() {
  const asked = useEvery<Key>('/v1/keys', { everyMs: 30_000 });
  const may = useMay()('keys.write');
  const [rotating, setRotating] = useState(false);
  const [removing, setRemoving] = useState<Key | null>(null);
  return (
    <Answered query={asked}>
      {(keys) => (
        <Panel
          title="Keys that sign tokens"
          note="Published at /oauth/jwks. A new key is published first and signs later, so that nobody meets one they do not know."
          bodyClass="p-0"
          actions={
            may ? (
              <Button look="accent" size="small" onClick={() => setRotating(true)}>
                <RefreshCw aria-hidden /> Rotate
              </Button>
            ) : (
              <span className="text-[13px] text-soft">A security administrator rotates them.</span>
            )
          }
        >
          <ul>
            {keys.map((key) => (
              <li
                key={key.kid}
                className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-3 last:border-0"
              >
                <div className="min-w-0 flex-1">
                  <p className="flex flex-wrap items-center gap-2">
                    <Code copy>{key.kid}</Code> <Badge tone={STATES[key.state][0]}>{STATES[key.state][1]}</Badge>
                  </p>
                  <p className="text-[13px] text-soft">
                    made <Time ms={key.createdAtMs} />
                    {key.state === 'next' && (
                      <>
                        , signs from <Time ms={key.signsFromMs} />
                      </>
                    )}
                    {key.goneAtMs !== null && (
                      <>
                        , gone <Time ms={key.goneAtMs} />
                      </>
                    )}
                  </p>
                </div>
                {may && key.state !== 'current' && (
                  <Button size="small" look="danger" onClick={() => setRemoving(key)}>
                    Remove
                  </Button>
                )}
              </li>
            ))}
          </ul>
          {rotating && <Rotate onClose={() => setRotating(false)} />}
          <Act
            open={removing !== null}
            onOpenChange={() => setRemoving(null)}
            title="Remove a key"
            description={
              <>
                Every token <Code>{removing?.kid ?? ''}</Code> signed is refused from now on. Confirmed with your
                passkey.
              </>
            }
            verb="Remove the key"
            danger
            order={(reason) => ({ method: 'POST', path: '/v1/keys/remove', body: { kid: removing?.kid, reason } })}
            done="The key is gone, and what it signed with it"
          />
        </Panel>
      )}
    </Answered>
  );
}

function Rotate({ onClose }: { onClose: () => void }) {
  const [immediately, setImmediately] = useState(false);
  return (
    <Act<{ kid: string }>
      open
      onOpenChange={onClose}
      title="Rotate the signing key"
      description="Makes a new key. Confirmed with your passkey."
      verb={immediately ? 'Rotate at once' : 'Rotate'}
      danger={immediately}
      order={(reason) => ({ method: 'POST', path: '/v1/keys/rotate', body: { immediately, reason } })}
      done={({ kid }) => `The new key is ${kid.slice(0, 12)}…`}
    >
      <StepUpNote />
      <label className="flex items-start gap-2">
        <input
          type="checkbox"
          className="mt-0.5 size-4 accent-accent"
          checked={immediately}
          onChange={(event) => setImmediately(event.target.checked)}
        />
        <span>
          Sign with it at once
          <span className="block text-[13px] text-soft">
            After a key was exposed. Whoever has kept the old key set may refuse new tokens until they read it again.
          </span>
        </span>
      </label>
    </Act>
  );
}

/** Said before, not after, somebody wrote a reason. */
export function StepUpNote() {
  const me = useMe().data;
  if (me === undefined || me.canStepUp) return null;
  return (
    <p className="rounded-lg border border-warn-line bg-warn-tint p-3 text-warn">
      This needs a passkey, and you have none here. Add one on{' '}
      <a href="/account" className="underline">
        your account
      </a>
      .
    </p>
  );
}
