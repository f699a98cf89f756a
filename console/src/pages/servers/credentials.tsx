import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import type { BrokeredCredential } from '../../../../src/model/insight/estate.ts';
import { query } from '../../api/client.ts';
import { useEvery, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Panel } from '../../kit/card.tsx';
import { Go } from '../../kit/go.tsx';
import { Answered, Empty } from '../../kit/states.tsx';
import { visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';

type Whose = Readonly<Partial<Record<'person' | 'agent' | 'task' | 'server', string>>>;

const KINDS: Readonly<Record<string, string>> = {
  inject: 'secret of the configuration',
  oauth: 'connected account',
  exchange: 'token exchanged for the caller',
  'id-jag': "token from the person's identity provider",
};

interface Row {
  readonly key: string;
  readonly whose: Whose;
  readonly server: string;
  readonly what: string;
  readonly more: string | null;
  readonly sinceMs: number | null;
  readonly broken: boolean;
}

/** Everything brokered for a server, a person or an agent: who holds which kind since when, and its end. */
export function Brokered({ of, title, empty }: { of: Whose; title: string; empty: string }) {
  const asked = useEvery<BrokeredCredential>(`/v1/credentials${query(of)}`, { everyMs: 15_000 });
  const may = useMay()('credentials.write');
  const [ending, setEnding] = useState<Row | 'all' | null>(null);
  const whose = ending === null || ending === 'all' ? of : { ...of, ...ending.whose, server: ending.server };
  return (
    <Answered query={asked}>
      {(answer) => {
        const rows = answer.map(rowOf);
        return (
          <Panel
            title={title}
            note="What the gateway keeps and sends in place of agents. Nobody can read it here."
            bodyClass="p-0"
            actions={
              may && rows.length > 0 ? (
                <Button size="small" look="danger" onClick={() => setEnding('all')}>
                  Revoke all
                </Button>
              ) : undefined
            }
          >
            {rows.length === 0 ? (
              <Empty icon={KeyRound} title="Nothing is brokered">
                {empty}
              </Empty>
            ) : (
              <ul>
                {rows.map((row) => (
                  <li
                    key={row.key}
                    className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b px-4 py-2.5 last:border-0"
                  >
                    <div className="min-w-0 flex-1">
                      <p>
                        <Whom row={row} /> <span className="text-soft">at</span>{' '}
                        <Go to="/servers/$id" params={{ id: row.server }}>
                          {row.server}
                        </Go>{' '}
                        {row.broken && <Badge tone="bad">cannot be opened</Badge>}
                      </p>
                      <p className="text-[13px] text-soft">
                        {row.what}
                        {row.more !== null && <>, {visible(row.more)}</>}
                        {row.sinceMs !== null && (
                          <>
                            , since <Time ms={row.sinceMs} />
                          </>
                        )}
                      </p>
                    </div>
                    {may && (
                      <Button size="small" onClick={() => setEnding(row)}>
                        Revoke
                      </Button>
                    )}
                  </li>
                ))}
              </ul>
            )}
            <Act<{ removed: number; withdrawn: number }>
              open={ending !== null}
              onOpenChange={() => setEnding(null)}
              title={
                ending === 'all' || isWholeServer(whose) ? 'Revoke all of these credentials' : 'Revoke this credential'
              }
              description="It is removed here, revoked at the other side as far as that answers, and connections that carry it end. The next call is refused, or fetches another one."
              verb="Revoke"
              danger
              order={(reason) => ({ method: 'POST', path: '/v1/credentials/revoke', body: { ...whose, reason } })}
              done={({ removed, withdrawn }) => `Revoked: ${removed} kept, ${withdrawn} in use`}
            >
              {isWholeServer(whose) && (
                <p>
                  That is everything brokered for {whose.server}, whoever it is of: people who connected an account
                  there must connect it again.
                </p>
              )}
            </Act>
          </Panel>
        );
      }}
    </Answered>
  );
}

/** Nobody in particular: what is of every agent has no name of its own, and goes only with all the rest. */
function isWholeServer({ server, person, agent, task }: Whose): boolean {
  return server !== undefined && person === undefined && agent === undefined && task === undefined;
}

function Whom({ row: { whose } }: { row: Row }) {
  const { person, agent, task } = whose;
  if (person === undefined && agent === undefined && task === undefined)
    return <span className="font-medium">every agent</span>;
  return (
    <span className="font-medium">
      {person !== undefined && (
        <Go to="/people/$id" params={{ id: person }}>
          {person}
        </Go>
      )}
      {person !== undefined && agent !== undefined && ' through '}
      {agent !== undefined && (
        <Go to="/agents/$id" params={{ id: agent }}>
          {agent}
        </Go>
      )}
      {task !== undefined && <span className="text-soft"> in task {task}</span>}
    </span>
  );
}

function rowOf(one: BrokeredCredential): Row {
  const { where, server, person, agent, task } = one;
  const whose = {
    ...(person === null ? {} : { person }),
    ...(agent === null ? {} : { agent }),
    ...(task === null ? {} : { task }),
  };
  const what = KINDS[one.kind] ?? one.kind;
  const connectedBy = one.by === null || one.by === (person ?? agent) ? null : `connected by ${one.by}`;
  return {
    ...{ key: `${where} ${server} ${person} ${agent} ${task}`, server, whose },
    what: where === 'memory' ? `${what}, in use` : what,
    more: [one.issuer, one.scope, connectedBy].filter((part) => part !== null).join(', ') || null,
    sinceMs: one.connectedAtMs ?? one.changedAtMs,
    broken: !one.readable,
  };
}
