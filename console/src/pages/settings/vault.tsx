import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { Code } from '../../kit/text.tsx';
import { counted } from '../../kit/time.tsx';
import { StepUpNote } from './keys.tsx';

interface VaultAnswer {
  readonly newestKey: string;
  readonly keys: readonly string[];
  readonly rows: Readonly<Record<string, number>>;
  readonly ownKeys: boolean;
}

interface Rotated {
  readonly resealed: number;
  readonly unreadable: readonly { readonly kind: string; readonly id: string; readonly why: string }[];
}

/** How the credentials that are kept for others are sealed. None of them is ever shown. */
export function Vault() {
  const asked = useGet<VaultAnswer>('/v1/vault');
  const may = useMay()('keys.write');
  const [rotating, setRotating] = useState(false);
  const [last, setLast] = useState<Rotated | null>(null);
  return (
    <Answered query={asked}>
      {({ newestKey, keys, rows, ownKeys }) => {
        const unknown = Object.keys(rows).filter((key) => !keys.includes(key));
        return (
          <Panel
            title="Vault"
            note={`${counted(sum(rows), 'secret')}, sealed with AES-256-GCM. ${ownKeys ? 'The gateway makes its keys itself.' : 'The key comes from the configuration.'}`}
            bodyClass="p-0"
            actions={
              may ? (
                <Button look="accent" size="small" onClick={() => setRotating(true)}>
                  <RefreshCw aria-hidden /> {ownKeys ? 'Rotate' : 'Seal anew'}
                </Button>
              ) : (
                <span className="text-[13px] text-soft">A security administrator rotates it.</span>
              )
            }
          >
            <ul>
              {[...keys, ...unknown].map((key) => (
                <li
                  key={key}
                  className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b px-4 py-2.5 last:border-0"
                >
                  <span className="flex flex-wrap items-center gap-2">
                    <Code copy>{key}</Code>
                    {key === newestKey && <Badge tone="good">seals now</Badge>}
                    {unknown.includes(key) && <Badge tone="bad">this gateway does not have it</Badge>}
                  </span>
                  <span className="text-[13px] text-soft">
                    <span className="tabular">{counted(rows[key] ?? 0, 'secret')}</span>
                    {key !== newestKey && (rows[key] ?? 0) === 0 && ', may be removed'}
                  </span>
                </li>
              ))}
            </ul>
            {last !== null && last.unreadable.length > 0 && (
              <div role="alert" className="border-t bg-bad-tint px-4 py-3 text-bad">
                <p className="font-medium">
                  {counted(
                    last.unreadable.length,
                    'secret could not be opened and stays as it is',
                    'secrets could not be opened and stay as they are',
                  )}
                  :
                </p>
                <ul className="list-disc pl-5 text-[13px]">
                  {last.unreadable.slice(0, 20).map(({ kind, id, why }) => (
                    <li key={`${kind} ${id}`}>
                      {kind} {id}: {why}
                    </li>
                  ))}
                </ul>
              </div>
            )}
            <Act<Rotated>
              open={rotating}
              onOpenChange={setRotating}
              title={ownKeys ? 'Rotate the key of the vault' : 'Seal every secret with the newest key'}
              description={
                ownKeys
                  ? 'Makes a new key and seals every secret with it. Nothing stops meanwhile. Confirmed with your passkey.'
                  : 'Put the new key in front of the old one in the configuration first. Confirmed with your passkey.'
              }
              verb={ownKeys ? 'Rotate' : 'Seal anew'}
              order={(reason) => ({ method: 'POST', path: '/v1/vault/rotate', body: { reason } })}
              done={({ resealed }) => `Sealed anew: ${counted(resealed, 'secret')}`}
              onDone={setLast}
            >
              <StepUpNote />
            </Act>
          </Panel>
        );
      }}
    </Answered>
  );
}

function sum(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((all, each) => all + each, 0);
}
