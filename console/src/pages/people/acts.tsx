import { useRef, useState } from 'react';
import type { PersonAccess, PersonView } from '../../../../src/model/insight/estate.ts';
import { Act } from '../../kit/act.tsx';
import { Button } from '../../kit/button.tsx';
import { Dialog } from '../../kit/dialog.tsx';
import { PersonInput } from '../../kit/entity.tsx';
import { Field, Input } from '../../kit/field.tsx';
import { Code } from '../../kit/text.tsx';
import { count, counted, Time } from '../../kit/time.tsx';
import { useLeadOn } from '../../use-here.ts';

const pathOf = (id: string): string => `/v1/people/${encodeURIComponent(id)}`;

/** Somebody nobody provisions. */
export function AddPerson({ onClose }: { onClose: () => void }) {
  const leadOn = useLeadOn();
  const [fields, setFields] = useState({ userName: '', name: '', email: '', department: '', groups: '' });
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields({ ...fields, [name]: event.target.value });
  const given = Object.entries(fields)
    .map(([name, value]) => [name, value.trim()] as const)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, name === 'groups' ? value.split(',').map((group) => group.trim()) : value]);
  return (
    <Act<PersonView>
      open
      onOpenChange={onClose}
      title="Add a person"
      description="Somebody your identity provider does not bring. They get in by an invitation, which is the next step."
      verb="Add"
      ready={fields.userName.trim() !== ''}
      order={(reason) => ({ method: 'POST', path: '/v1/people', body: { ...Object.fromEntries(given), reason } })}
      done={({ name }) => `Added ${name}`}
      onDone={({ id }) => void leadOn({ to: '/people/$id', params: { id } })}
    >
      <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
        <Field label="User name" hint="What they sign in as. Unique.">
          {(ids) => <Input {...ids} required autoComplete="off" value={fields.userName} onChange={set('userName')} />}
        </Field>
        <Field label="Full name">
          {(ids) => <Input {...ids} autoComplete="off" value={fields.name} onChange={set('name')} />}
        </Field>
        <Field label="E-mail">
          {(ids) => <Input {...ids} type="email" autoComplete="off" value={fields.email} onChange={set('email')} />}
        </Field>
        <Field label="Department">
          {(ids) => <Input {...ids} autoComplete="off" value={fields.department} onChange={set('department')} />}
        </Field>
      </div>
      <Field label="Groups" hint="Separated by commas. Policies, approvals and roles test them.">
        {(ids) => <Input {...ids} autoComplete="off" value={fields.groups} onChange={set('groups')} />}
      </Field>
    </Act>
  );
}

interface Doing {
  readonly person: PersonView;
  readonly onClose: () => void;
}

/** A one-time link; it is shown once, to whoever made it. */
export function Invite({ person, onClose }: Doing) {
  const [made, setMade] = useState<{ url: string; expiresAtMs: number } | null>(null);
  const answered = useRef(false);
  if (made !== null)
    return (
      <Dialog
        open
        onOpenChange={onClose}
        title={`An invitation for ${person.name}`}
        description="Give this link to them alone. It works once, and is not shown again."
        footer={
          <Button look="accent" onClick={onClose}>
            Done
          </Button>
        }
      >
        <p className="rounded-lg bg-sunk p-3">
          <Code copy className="break-all">
            {made.url}
          </Code>
        </p>
        <p className="mt-2 text-[13px] text-soft">
          Good until <Time ms={made.expiresAtMs} />. Earlier links of theirs have ended.
        </p>
      </Dialog>
    );
  return (
    <Act<{ url: string; expiresAtMs: number }>
      open
      // It closes before its answer is told: then the link is shown, and nothing closes.
      onOpenChange={() => queueMicrotask(() => !answered.current && onClose())}
      title={`Invite ${person.name}`}
      description="Makes a one-time link with which they set a passkey or a password. Confirmed with your passkey."
      verb="Make the link"
      order={(reason) => ({ method: 'POST', path: `${pathOf(person.id)}/invitations`, body: { reason } })}
      onDone={(link) => {
        answered.current = true;
        setMade(link);
      }}
    />
  );
}

interface Reset {
  readonly passwords: number;
  readonly passkeys: number;
  readonly links: number;
  readonly sessions: number;
}

export function ResetCredentials({ person, access, onClose }: Doing & { access: PersonAccess | undefined }) {
  return (
    <Act<Reset>
      open
      onOpenChange={onClose}
      title={`Reset how ${person.name} signs in`}
      description="They are signed out everywhere and get in again only by a new invitation. Confirmed with your passkey."
      verb="Reset"
      danger
      order={(reason) => ({ method: 'POST', path: `${pathOf(person.id)}/reset-credentials`, body: { reason } })}
      done={({ passwords, passkeys, links, sessions }) =>
        `Removed ${counted(passkeys, 'passkey')}, ${counted(passwords, 'password')}, ${counted(links, 'link')}; signed out of ${counted(sessions, 'browser')}`
      }
    >
      {access !== undefined && (
        <Follows
          items={[
            [access.passkeys.length, 'passkey is removed', 'passkeys are removed'],
            [access.password === null ? 0 : 1, 'password is removed', ''],
            [access.links.length, 'link to an identity provider is removed', 'links to identity providers are removed'],
            [access.sessions.length, 'browser is signed out', 'browsers are signed out'],
          ]}
        />
      )}
    </Act>
  );
}

/** Refused at once, with every agent of theirs. */
export function Deactivate({ person, access, onClose }: Doing & { access: PersonAccess | undefined }) {
  const alive = person.agents.filter(({ state }) => state === 'active').length;
  return (
    <Act<PersonView>
      open
      onOpenChange={onClose}
      title={`Deactivate ${person.name}`}
      description="Nothing is done on their authority any more, from now on. It can be taken back; their agents stay orphaned until each is given to somebody."
      verb="Deactivate"
      danger
      order={(reason) => ({ method: 'POST', path: `${pathOf(person.id)}/deactivate`, body: { reason } })}
      done={({ name, orphanedCount }) =>
        `${name} is inactive${orphanedCount > 0 ? `; ${counted(orphanedCount, 'agent')} orphaned` : ''}`
      }
    >
      <Follows
        items={[
          [person.agentCount, 'agent is refused and becomes orphaned', 'agents are refused and become orphaned'],
          [
            alive,
            'of them is active now, and its calls in flight end',
            'of them are active now, and their calls in flight end',
          ],
          [access?.sessions.length ?? 0, 'browser is signed out', 'browsers are signed out'],
        ]}
        always="Their connected accounts, consents, tokens and open approvals end as well."
      />
    </Act>
  );
}

export function Reactivate({ person, onClose }: Doing) {
  return (
    <Act<PersonView>
      open
      onOpenChange={onClose}
      title={`Reactivate ${person.name}`}
      description="They may sign in and act again. Their agents stay orphaned until each is resumed or given to somebody."
      verb="Reactivate"
      order={(reason) => ({ method: 'POST', path: `${pathOf(person.id)}/reactivate`, body: { reason } })}
      done={({ name }) => `${name} is active again`}
    />
  );
}

export function Remove({ person, onClose }: Doing) {
  const leadOn = useLeadOn();
  return (
    <Act
      open
      onOpenChange={onClose}
      title={`Remove ${person.name}`}
      description="Deactivated for good. The id is never given to anybody else; records keep naming them."
      verb="Remove for good"
      danger
      order={(reason) => ({
        method: 'DELETE',
        path: `${pathOf(person.id)}?${new URLSearchParams({ reason }).toString()}`,
      })}
      done={`${person.name} is removed`}
      onDone={() => void leadOn({ to: '/people' })}
    />
  );
}

/** Every agent at once to somebody else, as when somebody leaves. */
export function HandOver({ person, onClose }: Doing) {
  const [to, setTo] = useState('');
  const [resume, setResume] = useState(true);
  return (
    <Act<{ reassigned: readonly string[]; left: readonly string[] }>
      open
      onOpenChange={onClose}
      title={`Hand over the agents of ${person.name}`}
      description={`Somebody else answers for all ${count(person.agentCount)} of them.`}
      verb="Hand over"
      ready={to.trim() !== '' && to.trim() !== person.id}
      order={(reason) => ({
        method: 'POST',
        path: '/v1/agents/reassign',
        body: { from: person.id, to: to.trim(), resume, reason },
      })}
      done={({ reassigned, left }) =>
        `${counted(reassigned.length, 'agent')} handed over${left.length > 0 ? `, ${left.length} left as they were` : ''}`
      }
    >
      <Field label="To">{(ids) => <PersonInput {...ids} required value={to} onChange={setTo} />}</Field>
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          className="size-4 accent-accent"
          checked={resume}
          onChange={(event) => setResume(event.target.checked)}
        />
        Let orphaned agents act again
      </label>
    </Act>
  );
}

function Follows({ items, always }: { items: readonly (readonly [number, string, string])[]; always?: string }) {
  const some = items.filter(([number]) => number > 0);
  if (some.length === 0 && always === undefined) return null;
  return (
    <div className="rounded-lg border border-warn-line bg-warn-tint p-3 text-warn">
      <p className="font-medium">What follows</p>
      <ul className="mt-1 list-disc pl-5">
        {some.map(([number, one, more]) => (
          <li key={one}>
            <span className="tabular font-semibold">{count(number)}</span> {number === 1 ? one : more}
          </li>
        ))}
        {always !== undefined && <li>{always}</li>}
      </ul>
    </div>
  );
}
