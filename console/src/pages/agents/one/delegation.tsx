import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Connection } from '../../../../../src/model/connection.ts';
import type { Page } from '../../../../../src/model/insight/page.ts';
import type { RecordView, SessionLine } from '../../../../../src/model/insight/records.ts';
import { query } from '../../../api/client.ts';
import { useGet } from '../../../api/hooks.ts';
import { Panel } from '../../../kit/card.tsx';
import { visible } from '../../../kit/text.tsx';
import { count, Time } from '../../../kit/time.tsx';
import { Chain } from '../../../record/chain.tsx';
import { AgentLink, PersonLink, RecordLink } from '../../../record/links.tsx';
import { type Hop, hopsOf, subjectsOf } from './hops.ts';

const FEW = 6;
const MOST_CONNECTIONS = 100;

/** For whom it acts, from whom it takes work over and to whom it hands work on: what may be, and what was. */
export function Delegation({ id }: { id: string }) {
  const connections = useGet<Page<Connection>>(`/v1/connections${query({ agent: id, limit: MOST_CONNECTIONS })}`);
  const sessions = useGet<Page<SessionLine>>(`/v1/sessions/history${query({ agent: id, limit: 50 })}`, {
    everyMs: 10_000,
  });
  const exchanges = useGet<Page<RecordView>>(`/v1/records${query({ act: 'token.exchange', agent: id, limit: 50 })}`, {
    everyMs: 10_000,
  });
  const all = connections.data?.items ?? [];
  const hops = hopsOf(exchanges.data?.items ?? []);
  const people = subjectsOf(sessions.data?.items ?? []);
  return (
    <Panel title="Chain of delegation" note="Who it acts for, and which agents act through it." bodyClass="space-y-4">
      <Part title="Acts for">
        {sessions.data === undefined ? (
          '…'
        ) : people.length === 0 ? (
          <Nobody>nobody yet</Nobody>
        ) : (
          <ul className="space-y-0.5">
            {people.slice(0, FEW).map(({ subject, lastAtMs, sessions: n }) => (
              <li key={subject ?? ''}>
                {subject === null ? 'itself' : <PersonLink id={subject} />}{' '}
                <span className="text-soft">
                  in {count(n)} of its last sessions, <Time ms={lastAtMs} look="ago" />
                </span>
              </li>
            ))}
            {people.length > FEW && <li className="text-soft">and {count(people.length - FEW)} more</li>}
          </ul>
        )}
      </Part>
      <Ways
        title="Takes work over from"
        ways={all.filter(({ to }) => to === id)}
        other={({ from }) => from}
        last={(other) => hops.find(({ from, to }) => from === other && to === id)}
      />
      <Ways
        title="Hands work on to"
        ways={all.filter(({ from }) => from === id)}
        other={({ to }) => to}
        last={(other) => hops.find(({ from, to }) => from === id && to === other)}
      />
      {hops.length > 0 && (
        <Part title="Lately">
          <ul className="space-y-1.5">
            {hops.slice(0, FEW).map(({ seq, atMs, subject, path, txn }) => (
              <li key={seq}>
                <Chain subject={subject} path={path} />
                <span className="block text-xs text-soft">
                  <Time ms={atMs} look="ago" />, record <RecordLink seq={seq} />
                  {txn !== null && (
                    <>
                      {', '}
                      <Link
                        to="/transactions/$id"
                        params={{ id: txn }}
                        search={{ view: 'graph' } as never}
                        className="text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent"
                      >
                        what came of it
                      </Link>
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </Part>
      )}
    </Panel>
  );
}

interface WaysProps {
  readonly title: string;
  readonly ways: readonly Connection[];
  readonly other: (way: Connection) => string;
  readonly last: (other: string) => Hop | undefined;
}

function Ways({ title, ways, other, last }: WaysProps) {
  return (
    <Part title={title}>
      {ways.length === 0 ? (
        <Nobody>no agent: no connection lets it</Nobody>
      ) : (
        <ul className="space-y-1.5">
          {ways.map((way) => {
            const used = last(other(way));
            return (
              <li key={way.id}>
                <AgentLink id={other(way)} />
                <span className="block text-xs text-soft">
                  {way.scopes === null ? 'whatever it holds' : `at most ${way.scopes.map(visible).join(' ')}`}
                  {way.requiresTask && ', within a task'}
                  {used === undefined ? ', not used lately' : <>, used {<Time ms={used.atMs} look="ago" />}</>}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Part>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="text-[13px]">
      <h3 className="mb-1 font-semibold">{title}</h3>
      {children}
    </section>
  );
}

function Nobody({ children }: { children: ReactNode }) {
  return <span className="text-soft">{children}</span>;
}
