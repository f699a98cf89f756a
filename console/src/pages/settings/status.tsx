import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { SettingsView } from '../../../../src/model/insight/estate.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Act } from '../../kit/act.tsx';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Facts, Panel } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { Code } from '../../kit/text.tsx';
import { count, Time } from '../../kit/time.tsx';
import { bytes, elapsed } from './words.ts';

/** GET /v1/status */
interface StatusAnswer {
  readonly version: string;
  readonly url: string;
  readonly uptimeMs: number;
  readonly policyVersion: string;
  readonly agents: number;
  readonly servers: number;
  readonly sessions: number;
  readonly journal: {
    readonly state: string;
    readonly message: string | null;
    readonly size: number;
    readonly openIntents: number;
    readonly queuedRecords: number;
    readonly queuedBytes: number;
    readonly checkpointSize: number;
    readonly freeBytes: number | null;
  };
  readonly revocation: { readonly epoch: number; readonly stale: boolean; readonly locks?: number };
}

export function Status() {
  const asked = useGet<StatusAnswer>('/v1/status', { everyMs: 5_000 });
  const settings = useGet<SettingsView>('/v1/settings');
  return (
    <Answered query={asked} lines={10}>
      {(status) => (
        <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
          <div className="space-y-4">
            <Panel title="Gateway" actions={<Reload />}>
              <Facts
                items={[
                  ['Version', status.version],
                  [
                    'Up',
                    <>
                      {elapsed(status.uptimeMs)}, since <Time ms={Date.now() - status.uptimeMs} />
                    </>,
                  ],
                  [
                    'Address',
                    <Code key="url" copy>
                      {status.url}
                    </Code>,
                  ],
                  settings.data !== undefined && ['Configuration', <Code key="file">{settings.data.file}</Code>],
                  [
                    'Policies',
                    <Number key="policies" to="/policies">
                      <Code>{status.policyVersion.slice(0, 16)}</Code>
                    </Number>,
                  ],
                  [
                    'Agents',
                    <Number key="agents" to="/agents">
                      {count(status.agents)}
                    </Number>,
                  ],
                  [
                    'Servers',
                    <Number key="servers" to="/servers">
                      {count(status.servers)}
                    </Number>,
                  ],
                  [
                    'Open sessions',
                    <Number key="sessions" to="/sessions">
                      {count(status.sessions)}
                    </Number>,
                  ],
                ]}
              />
            </Panel>
            <Panel title="Kill switch">
              <Facts
                items={[
                  [
                    'View',
                    status.revocation.stale ? (
                      <Badge key="stale" tone="bad">
                        stale: every call is refused
                      </Badge>
                    ) : (
                      <Badge key="fresh" tone="good">
                        current
                      </Badge>
                    ),
                  ],
                  ['Epoch', count(status.revocation.epoch)],
                  [
                    'Locks',
                    <Number key="locks" to="/stop">
                      see them
                    </Number>,
                  ],
                ]}
              />
            </Panel>
          </div>
          <div className="space-y-4">
            <Journal journal={status.journal} />
            {settings.data !== undefined && <Doors doors={settings.data.doors} />}
          </div>
        </div>
      )}
    </Answered>
  );
}

function Number({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Link to={to} className="underline decoration-line underline-offset-2 hover:decoration-current">
      {children}
    </Link>
  );
}

const JOURNAL = {
  ok: ['good', 'takes records'],
  'low-space': ['bad', 'low on space: nothing is permitted'],
  failed: ['bad', 'failed: nothing is permitted until it is restarted'],
  closed: ['plain', 'closed'],
} as const;

function Journal({ journal }: { journal: StatusAnswer['journal'] }) {
  const [tone, words] = JOURNAL[journal.state as keyof typeof JOURNAL] ?? ['warn', journal.state];
  const behind = journal.size - journal.checkpointSize;
  return (
    <Panel
      title="Journal"
      actions={
        <Link to="/audit" className="text-[13px] underline">
          Audit
        </Link>
      }
    >
      <Facts
        items={[
          [
            'State',
            <Badge key="state" tone={tone}>
              {words}
            </Badge>,
          ],
          journal.message !== null && ['What to do', journal.message],
          [
            'Records',
            <Number key="records" to="/audit">
              {count(journal.size)}
            </Number>,
          ],
          ['Under checkpoints', behind === 0 ? 'all of them' : `all but the last ${count(behind)}`],
          ['Calls under way', count(journal.openIntents)],
          ['Waiting to be written', `${count(journal.queuedRecords)} records, ${bytes(journal.queuedBytes)}`],
          ['Free space', journal.freeBytes === null ? 'unknown' : bytes(journal.freeBytes)],
        ]}
      />
    </Panel>
  );
}

function Doors({ doors }: { doors: SettingsView['doors'] }) {
  return (
    <Panel title="Doors" note="Where it is reached, and by whom." bodyClass="p-0">
      <ul>
        {doors.map(({ name, where, note }) => (
          <li key={name} className="border-b px-4 py-2 last:border-0">
            <p className="flex flex-wrap items-baseline justify-between gap-x-3">
              <span className="font-medium">{name}</span> <span className="text-[13px] text-soft">{note}</span>
            </p>
            <Code className="text-soft">{where}</Code>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

interface Reloaded {
  readonly ok: boolean;
  readonly message: string;
}

/** Reads configuration and policies again, as after a change of the file. */
function Reload() {
  const may = useMay()('policies.publish');
  const [open, setOpen] = useState(false);
  if (!may) return null;
  return (
    <>
      <Button size="small" onClick={() => setOpen(true)}>
        Read the configuration again
      </Button>
      <Act<Reloaded>
        open={open}
        onOpenChange={setOpen}
        title="Read the configuration again"
        description="Configuration and policies as they are on disk now are put in force, if nothing is wrong with them. Confirmed with your passkey."
        verb="Read it again"
        order={(reason) => ({ method: 'POST', path: '/v1/reload', body: { reason } })}
        done={({ message }) => message}
      />
    </>
  );
}
