import { Link, useParams } from '@tanstack/react-router';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import type { ServerView } from '../../../../src/model/insight/estate.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge, State } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Facts, PageHead } from '../../kit/card.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, Json, visible } from '../../kit/text.tsx';
import { count, counted, duration, Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { Brokered } from './credentials.tsx';
import { Queue } from './queue.tsx';
import { Reach } from './reach.tsx';
import { SERVER_TONES, SERVER_WORDS } from './servers.tsx';
import { Tools } from './tools.tsx';

const BACK = { to: '/servers', words: 'Servers and tools' } as const;

/** One server: how it is, what it offers, what waits, what calls to it carry, and who may reach it. */
export function ServerPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const asked = useGet<ServerView>(`/v1/servers/${encodeURIComponent(id)}`, { everyMs: 10_000 });
  return (
    <One
      query={asked}
      kind="server"
      id={id}
      back={BACK}
      gone={
        <>
          Servers stand in the configuration under <Code>servers</Code>. One that was taken out is gone from here; the
          calls to it are still on record.
        </>
      }
    >
      {(server) => <OneServer server={server} />}
    </One>
  );
}

function OneServer({ server }: { server: ServerView }) {
  const { id } = server;
  const [search, set] = useFilters();
  const may = useMay();
  const [scanning, setScanning] = useState(false);
  return (
    <>
      <PageHead
        tab={id}
        back={<Back {...BACK} />}
        title={
          <>
            {id} <Badge tone={SERVER_TONES[server.state]}>{SERVER_WORDS[server.state]}</Badge>
          </>
        }
        lead={<Code>{server.where}</Code>}
        actions={
          <>
            {may('locks.write') && (
              <Button asChild>
                <Link to="/stop" search={{ target: `server:${id}` }}>
                  Stop this server
                </Link>
              </Button>
            )}
            {may('servers.write') && (
              <Button look="accent" onClick={() => setScanning(true)}>
                <RefreshCw aria-hidden /> Scan now
              </Button>
            )}
          </>
        }
      />
      <Health server={server} />
      <Tabs
        label={`Server ${id}`}
        value={search.tab ?? 'tools'}
        onChange={(tab) => set({ tab: tab === 'tools' ? null : tab, review: null, tool: null })}
        tabs={[
          { id: 'tools', label: 'Tools', content: <Tools server={id} /> },
          {
            id: 'review',
            label: <>Waiting {server.quarantined > 0 && <Badge tone="bad">{count(server.quarantined)}</Badge>}</>,
            content: <Queue server={id} />,
          },
          {
            id: 'credentials',
            label: 'Credentials',
            content: <Brokered of={{ server: id }} title={`Brokered for ${id}`} empty={emptyWords(server)} />,
          },
          { id: 'reach', label: 'Who may reach it', content: <Reach server={id} /> },
        ]}
      />
      <Act<{ tools: number }>
        open={scanning}
        onOpenChange={setScanning}
        title={`Scan ${id}`}
        description="Lists its tools now, in the gateway's own name. What changed waits for review; nothing is called."
        verb="Scan now"
        order={(reason) => ({ method: 'POST', path: `/v1/servers/${encodeURIComponent(id)}/scan`, body: { reason } })}
        done={({ tools }) => `${id} shows ${counted(tools, 'tool')}`}
      />
    </>
  );
}

function Health({ server }: { server: ServerView }) {
  const { state, sinceMs, lastError, stderrTail } = server;
  return (
    <Card className="mb-5 p-4">
      <div className="grid grid-cols-1 gap-x-8 gap-y-4 md:grid-cols-2">
        <Facts
          items={[
            [
              'Health',
              sinceMs === null ? (
                SERVER_WORDS[state]
              ) : (
                <>
                  {SERVER_WORDS[state]} since <Time ms={sinceMs} />
                </>
              ),
            ],
            ['Last error', lastError === null ? 'none since the start' : visible(lastError)],
            ['Connections', count(server.links)],
            server.kind === 'stdio' && ['Restarts', count(server.restarts)],
            server.dropped > 0 && ['Frames dropped', count(server.dropped)],
            ['A call lasts', `at most ${duration(server.timeoutMs)}`],
          ]}
        />
        <Facts
          items={[
            ['Environment', server.environment ?? 'none said'],
            ['Risk', <State key="risk" of={server.risk} />],
            ['New tools', server.trust === 'review' ? 'wait for review' : 'pinned when they are first seen'],
            ['Calls carry', CARRIES[server.credentials ?? 'none']],
            ['Action credentials', server.actionCredential ? 'verified by its tools, one per action' : 'not used'],
            ['Kind', server.kind === 'http' ? 'HTTP' : 'child process'],
          ]}
        />
      </div>
      {stderrTail !== null && (
        <details className="mt-4">
          <summary className="cursor-pointer text-[13px] font-medium">Last lines of standard error</summary>
          <Json value={stderrTail} className="mt-2" />
        </details>
      )}
    </Card>
  );
}

const CARRIES = {
  none: 'no credential of the gateway',
  inject: 'a secret of the configuration',
  oauth: 'the account each person or agent connected',
  exchange: 'a token exchanged for each caller',
  'id-jag': "a token from each person's identity provider",
} as const;

function emptyWords({ credentials }: ServerView): string {
  if (credentials === null)
    return 'Calls to this server carry no credential of the gateway: servers.<id>.credentials is not set.';
  if (credentials === 'oauth')
    return 'Nobody has connected an account yet. Whoever needs one is sent to /connect by the first call.';
  return 'Nothing is in use now: a credential is fetched when a call needs it.';
}
