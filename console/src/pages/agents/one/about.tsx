import { Link } from '@tanstack/react-router';
import { Pencil } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Agent } from '../../../../../src/model/agent.ts';
import type { AgentLine } from '../../../../../src/model/insight/agents.ts';
import type { Page } from '../../../../../src/model/insight/page.ts';
import { query } from '../../../api/client.ts';
import { useGet, useMay } from '../../../api/hooks.ts';
import { Act } from '../../../kit/act.tsx';
import { State } from '../../../kit/badge.tsx';
import { Button } from '../../../kit/button.tsx';
import { Facts, Panel } from '../../../kit/card.tsx';
import { Field, Input } from '../../../kit/field.tsx';
import { Code, visible } from '../../../kit/text.tsx';
import { count, Time } from '../../../kit/time.tsx';
import { type AgentEntry, pathOf } from '../entry.ts';
import { AgentFields } from '../register/fields.tsx';
import { type AgentForm, changedFields, formOf } from '../register/form.ts';
import { ARCHETYPES } from '../words.ts';
import { ActivityPanel } from './activity.tsx';
import { Delegation } from './delegation.tsx';

/** Identity on the left, what it does on the right. */
export function About({ agent, version }: AgentEntry) {
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,26rem)_minmax(0,1fr)]">
      <div className="grid grid-cols-1 gap-4">
        <Identity agent={agent} version={version} />
        <Delegation id={agent.id} />
      </div>
      <ActivityPanel id={agent.id} />
    </div>
  );
}

function Identity({ agent, version }: AgentEntry) {
  const [editing, setEditing] = useState(false);
  const may = useMay();
  // The list knows the owner's name and the day's calls.
  const line = useGet<Page<AgentLine>>(
    `/v1/agents/summaries${query({ search: agent.id, limit: 50 })}`,
  ).data?.items.find(({ id }) => id === agent.id);
  return (
    <Panel
      title="Identity"
      actions={
        may('agents.write') &&
        agent.state !== 'decommissioned' && (
          <Button size="small" onClick={() => setEditing(true)}>
            <Pencil aria-hidden /> Edit
          </Button>
        )
      }
    >
      <Facts
        items={[
          ['Owner', <Person key="o" id={agent.owner} name={line?.ownerName} />],
          agent.deputies.length > 0 && ['Deputies', <People key="d" ids={agent.deputies} />],
          ['Department', agent.department === null ? <None /> : visible(agent.department)],
          ['Kind', ARCHETYPES[agent.archetype]],
          ['Risk', <State key="r" of={agent.riskTier} />],
          [
            'Calls, 24 h',
            line === undefined ? (
              '…'
            ) : (
              <Link to="/audit" search={{ agent: agent.id } as never} className="text-accent hover:underline">
                {count(line.calls24h)}
              </Link>
            ),
          ],
          [
            'Last call',
            line === undefined ? (
              '…'
            ) : line.lastCallAtMs === null ? (
              <None />
            ) : (
              <Time ms={line.lastCallAtMs} look="ago" />
            ),
          ],
          ['Ends', agent.expiresAtMs === null ? <None words="no end" /> : <Time ms={agent.expiresAtMs} />],
          [
            'Servers',
            agent.servers === null ? 'any, as policies say' : <Links key="s" to="/servers/$id" ids={agent.servers} />,
          ],
          agent.scopes !== null && ['Scopes', <Code key="c">{agent.scopes.join(' ')}</Code>],
          agent.groups.length > 0 && ['Groups', visible(agent.groups.join(', '))],
          ['Proved by', <Proofs key="p" agent={agent} />],
          agent.template !== null && [
            'Template',
            <Link
              key="t"
              to="/templates"
              search={{ q: agent.template } as never}
              className="text-accent hover:underline"
            >
              {agent.template}
            </Link>,
          ],
          ['Registered', agent.origin === 'configuration' ? 'in interlock.yaml' : <>by {visible(agent.creator)}</>],
        ]}
      />
      {editing && <EditDialog agent={agent} version={version} onClose={() => setEditing(false)} />}
    </Panel>
  );
}

function None({ words = 'none' }: { words?: string }) {
  return <span className="text-soft">{words}</span>;
}

function Person({ id, name }: { id: string; name: string | undefined }): ReactNode {
  return (
    <>
      <Link to="/people/$id" params={{ id }} className="text-accent hover:underline">
        {visible(name ?? id)}
      </Link>
      {name !== undefined && name !== id && <span className="ml-1.5 font-mono text-xs text-soft">{visible(id)}</span>}
    </>
  );
}

function People({ ids }: { ids: readonly string[] }) {
  return <Links to="/people/$id" ids={ids} />;
}

function Links({ to, ids }: { to: string; ids: readonly string[] }) {
  if (ids.length === 0) return <None />;
  return (
    <span className="flex flex-wrap gap-x-2">
      {ids.map((id) => (
        <Link key={id} to={to} params={{ id } as never} className="text-accent hover:underline">
          {visible(id)}
        </Link>
      ))}
    </span>
  );
}

/** What proves that a caller is this agent. */
function Proofs({ agent }: { agent: Agent }) {
  const { keys, workloads, clients } = agent;
  if (keys.length + workloads.length + clients.length === 0)
    return <None words={agent.origin === 'configuration' ? 'its entry in interlock.yaml' : 'nothing yet'} />;
  return (
    <ul className="space-y-0.5">
      {keys.map(({ kid, kty }) => (
        <li key={kid} className="break-all">
          key <Code>{kid}</Code> <span className="text-soft">{kty}</span>
        </li>
      ))}
      {workloads.map(({ issuer, subject }) => (
        <li key={`${issuer} ${subject}`}>
          workload <Code>{subject}</Code>
        </li>
      ))}
      {clients.map((client) => (
        <li key={client}>
          client <Code>{client}</Code>
        </li>
      ))}
    </ul>
  );
}

/** What of an agent of the configuration can be changed here; the rest is changed in the file. */
const OVERLAID: readonly (keyof AgentForm)[] = ['owner', 'deputies', 'ends'];

function EditDialog({ onClose, ...now }: AgentEntry & { onClose: () => void }) {
  // As it was when the form was filled from it: the page behind goes on asking, and what others write is not this person's change.
  const [{ agent, version }] = useState(now);
  const [form, setForm] = useState(() => formOf(agent));
  const fields = changedFields(agent, form);
  const configured = agent.origin === 'configuration';
  return (
    <Act
      open
      wide
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`Edit ${visible(agent.name)}`}
      description={
        configured
          ? 'It stands in interlock.yaml: everything but its owner, deputies and end is changed there.'
          : 'Sent against the version you see: if somebody changed it meanwhile, nothing is overwritten.'
      }
      verb="Save"
      ready={Object.keys(fields).length > 0}
      order={(reason) => ({
        method: 'PATCH',
        path: pathOf(agent.id),
        body: { fields, ifVersion: version, reason },
      })}
      done={`${agent.name} is changed.`}
    >
      {!configured && (
        <Field label="Name">
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={500}
              value={form.name}
              onChange={(event) => setForm({ ...form, name: event.target.value })}
            />
          )}
        </Field>
      )}
      <AgentFields
        form={form}
        set={(change) => setForm((before) => ({ ...before, ...change }))}
        only={configured ? OVERLAID : null}
      />
    </Act>
  );
}
