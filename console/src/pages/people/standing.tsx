import { BadgeCheck } from 'lucide-react';
import { useState } from 'react';
import type { Standing } from '../../../../src/model/approval.ts';
import { useEvery, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Go } from '../../kit/go.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { Code } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';

/** What goes on without asking again, because this person said so. */
export function StandingApprovals({ person }: { person: string }) {
  const asked = useEvery<Standing>(`/v1/standing?signer=${encodeURIComponent(person)}`);
  const may = useMay();
  const [ending, setEnding] = useState<Standing | null>(null);
  return (
    <Answered query={asked}>
      {(standing) => (
        <Panel title="Standing approvals" note="Calls that go on without asking again, on their word." bodyClass="p-0">
          {standing.length === 0 ? (
            <Empty icon={BadgeCheck} title="They stand for none">
              Whoever answers a request can let calls like it through for a while. Until then every call is asked about.
            </Empty>
          ) : (
            <ul>
              {standing.map((one) => (
                <li
                  key={one.id}
                  className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-2.5 last:border-0"
                >
                  <div className="min-w-0 flex-1">
                    <p>
                      <Go to="/agents/$id" params={{ id: one.agent }} className="font-medium">
                        {one.agent}
                      </Go>{' '}
                      may call <Code>{`${one.server}/${one.target}`}</Code>
                    </p>
                    <p className="text-[13px] text-soft">
                      until <Time ms={one.notAfterMs} />, made <Time ms={one.createdAtMs} />
                      {one.maxAmount !== null && <>, at most {(one.maxAmount / 10_000).toFixed(2)} per call</>}
                      {one.free.length > 0 && <>, whatever {one.free.join(', ')}</>}
                    </p>
                  </div>
                  {may('approvals.withdraw') && (
                    <Button size="small" onClick={() => setEnding(one)}>
                      Revoke
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )}
          <Act
            open={ending !== null}
            onOpenChange={() => setEnding(null)}
            title="Revoke a standing approval"
            description={`From the next call on, ${ending?.agent ?? ''} is asked about again.`}
            verb="Revoke"
            danger
            order={(reason) => ({
              method: 'DELETE',
              path: `/v1/standing/${encodeURIComponent(ending?.id ?? '')}?${new URLSearchParams({ reason }).toString()}`,
            })}
            done="Revoked: the next call is asked about"
          />
        </Panel>
      )}
    </Answered>
  );
}
