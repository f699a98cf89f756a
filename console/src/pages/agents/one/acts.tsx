import { ChevronDown } from 'lucide-react';
import { useState } from 'react';
import { useGet } from '../../../api/hooks.ts';
import { Act } from '../../../kit/act.tsx';
import { Button } from '../../../kit/button.tsx';
import { PersonInput } from '../../../kit/entity.tsx';
import { Field } from '../../../kit/field.tsx';
import { Menu } from '../../../kit/menu.tsx';
import { Answered } from '../../../kit/states.tsx';
import { visible } from '../../../kit/text.tsx';
import { useLeadOn } from '../../../use-here.ts';
import { type AgentEntry, pathOf } from '../entry.ts';
import { actsOf, type StateAct } from '../words.ts';

interface Words {
  readonly label: string;
  readonly says: string;
  readonly done: string;
  readonly danger?: boolean;
}

const WORDS: Readonly<Record<StateAct, Words>> = {
  approve: {
    label: 'Approve',
    says: 'It may be activated then. Nobody approves what they requested themselves.',
    done: 'is approved',
  },
  reject: { label: 'Reject', says: 'The request is removed; its history stays.', done: 'is rejected', danger: true },
  activate: { label: 'Activate', says: 'From then on it may act, as far as policies permit.', done: 'is active' },
  suspend: {
    label: 'Suspend',
    says: 'It may not act until somebody resumes it. To cut off what it is doing right now, stop it instead.',
    done: 'is suspended',
    danger: true,
  },
  resume: { label: 'Resume', says: 'It may act again, as far as policies permit.', done: 'is active again' },
  reassign: {
    label: 'Change the owner',
    says: 'Somebody else answers for it from then on.',
    done: 'has another owner',
  },
  decommission: {
    label: 'Decommission',
    says: 'The end of this agent, for good. Everything it holds is taken from it, and that nothing is left is recorded.',
    done: 'is decommissioned',
    danger: true,
  },
};

/** What can be done in its state: the likeliest as a button, the others in a menu. */
export function AgentActs({ agent, version }: AgentEntry) {
  const [act, setAct] = useState<StateAct | null>(null);
  const possible = actsOf(agent.state);
  const first = possible[0];
  const lead = first !== undefined && agent.state !== 'active';
  const rest = lead ? possible.slice(1) : possible;
  return (
    <>
      {lead && (
        <Button look="accent" onClick={() => setAct(first)}>
          {WORDS[first].label}
        </Button>
      )}
      {rest.length > 0 && (
        <Menu
          trigger={
            <Button>
              Manage <ChevronDown aria-hidden />
            </Button>
          }
          items={rest.map((each) => ({
            label: `${WORDS[each].label}…`,
            danger: WORDS[each].danger ?? false,
            onSelect: () => setAct(each),
          }))}
        />
      )}
      {act === 'reassign' && <Reassign agent={agent} version={version} onClose={() => setAct(null)} />}
      {act === 'decommission' && <Decommission agent={agent} version={version} onClose={() => setAct(null)} />}
      {act !== null && act !== 'reassign' && act !== 'decommission' && (
        <Simple act={act} agent={agent} version={version} onClose={() => setAct(null)} />
      )}
    </>
  );
}

type DialogProps = AgentEntry & { readonly onClose: () => void };

const closing = (onClose: () => void) => (open: boolean) => {
  if (!open) onClose();
};

function Simple({ act, agent, version, onClose }: DialogProps & { act: StateAct }) {
  const leadOn = useLeadOn();
  const { label, says, done, danger = false } = WORDS[act];
  return (
    <Act
      open
      danger={danger}
      onOpenChange={closing(onClose)}
      title={`${label} ${visible(agent.name)}`}
      description={says}
      verb={label}
      order={(reason) => ({ method: 'POST', path: `${pathOf(agent.id)}/${act}`, body: { ifVersion: version, reason } })}
      done={`${agent.name} ${done}.`}
      {...(act === 'reject' ? { onDone: () => void leadOn({ to: '/agents' }) } : {})}
    />
  );
}

function Reassign({ agent, version, onClose }: DialogProps) {
  const [to, setTo] = useState('');
  const [resume, setResume] = useState(false);
  const orphaned = agent.state === 'orphaned';
  return (
    <Act
      open
      onOpenChange={closing(onClose)}
      title={`Change the owner of ${visible(agent.name)}`}
      description={`Now: ${agent.owner}. ${WORDS.reassign.says}`}
      verb="Change the owner"
      ready={to.trim() !== ''}
      order={(reason) => ({
        method: 'POST',
        path: `${pathOf(agent.id)}/reassign`,
        body: { to: to.trim(), ifVersion: version, reason, ...(orphaned ? { resume } : {}) },
      })}
      done={`${agent.name} belongs to ${to.trim()}.`}
    >
      <Field label="New owner" hint="The id of an active person.">
        {(ids) => <PersonInput {...ids} value={to} onChange={setTo} />}
      </Field>
      {orphaned && (
        <label className="flex items-center gap-2">
          <input type="checkbox" checked={resume} onChange={(event) => setResume(event.target.checked)} />
          Let it act again at once; otherwise it waits, suspended
        </label>
      )}
    </Act>
  );
}

interface Holdings {
  readonly held: Readonly<Record<string, readonly string[]>>;
}

function Decommission({ agent, onClose }: DialogProps) {
  const holdings = useGet<Holdings>(`${pathOf(agent.id)}/holdings`);
  return (
    <Act
      open
      danger
      wide
      onOpenChange={closing(onClose)}
      title={`Decommission ${visible(agent.name)}`}
      description={WORDS.decommission.says}
      verb="Decommission for good"
      order={(reason) => ({ method: 'POST', path: `${pathOf(agent.id)}/decommission`, body: { reason } })}
      done={`${agent.name} is decommissioned, and nothing is left with it.`}
    >
      <section>
        <h3 className="mb-1.5 text-[13px] font-semibold">What it holds, and what is taken from it</h3>
        <Answered query={holdings} lines={4}>
          {({ held }) => <HeldList held={held} />}
        </Answered>
      </section>
    </Act>
  );
}

function HeldList({ held }: Holdings) {
  const all = Object.entries(held).filter(([, each]) => each.length > 0);
  if (all.length === 0) return <p className="text-soft">Nothing.</p>;
  return (
    <dl className="max-h-64 divide-y overflow-auto rounded-lg border text-[13px]">
      {all.map(([kind, each]) => (
        <div key={kind} className="grid grid-cols-[9rem_1fr] gap-3 px-3 py-1.5">
          <dt className="text-soft">
            {kind} <span className="tabular">({each.length})</span>
          </dt>
          <dd className="min-w-0">
            {each.slice(0, 8).map((one) => (
              <span key={one} className="block truncate">
                {visible(one)}
              </span>
            ))}
            {each.length > 8 && <span className="text-soft">and {each.length - 8} more</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
