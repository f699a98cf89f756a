import { Link, useParams } from '@tanstack/react-router';
import { MoreHorizontal, Send } from 'lucide-react';
import { useState } from 'react';
import type { PersonAccess, PersonView } from '../../../../src/model/insight/estate.ts';
import { useGet, useMay } from '../../api/hooks.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card, Facts, PageHead } from '../../kit/card.tsx';
import { Menu, type MenuItem } from '../../kit/menu.tsx';
import { Back, One } from '../../kit/one.tsx';
import { Answered } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { Brokered } from '../servers/credentials.tsx';
import { Access } from './access.tsx';
import { Deactivate, HandOver, Invite, Reactivate, Remove, ResetCredentials } from './acts.tsx';
import { History } from './history.tsx';
import { OwnedAgents } from './owned.tsx';
import { StandingApprovals } from './standing.tsx';

const BACK = { to: '/people', words: 'People' } as const;

/** One person: who they are, what they answer for, how they get in, and what they hold. */
export function PersonPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const path = `/v1/people/${encodeURIComponent(id)}`;
  const [doing, setDoing] = useState<Doing | null>(null);
  // Not asked for once they are being removed: they would be found missing.
  const enabled = doing !== 'remove';
  const person = useGet<PersonView>(path, { everyMs: 15_000, enabled });
  const access = useGet<PersonAccess>(`${path}/access`, { enabled });
  return (
    <One
      query={person}
      kind="person"
      id={id}
      back={BACK}
      gone="Somebody who was removed for good is not kept here; what they did is still on record."
    >
      {(one) => <OnePerson person={one} access={access} doing={doing} onDo={setDoing} />}
    </One>
  );
}

type Doing = 'invite' | 'reset' | 'deactivate' | 'reactivate' | 'remove' | 'hand-over';

function OnePerson({
  person,
  access,
  doing,
  onDo: setDoing,
}: {
  person: PersonView;
  access: ReturnType<typeof useGet<PersonAccess>>;
  doing: Doing | null;
  onDo: (doing: Doing | null) => void;
}) {
  const [search, set] = useFilters();
  const may = useMay();
  const close = (): void => setDoing(null);
  const { id, active } = person;
  return (
    <>
      <PageHead
        tab={person.name}
        back={<Back {...BACK} />}
        title={
          <>
            {visible(person.name)} <Badge tone={active ? 'good' : 'bad'}>{active ? 'active' : 'inactive'}</Badge>
          </>
        }
        lead={
          <Code copy className="text-soft">
            {id}
          </Code>
        }
        actions={
          <>
            {may('people.write') && access.data?.invitable === true && (
              <Button look="accent" onClick={() => setDoing('invite')}>
                <Send aria-hidden /> Invite
              </Button>
            )}
            <More person={person} may={may} onDo={setDoing} />
          </>
        }
      />
      <Profile person={person} />
      <Tabs
        label={person.name}
        value={search.tab ?? 'agents'}
        onChange={(tab) => set({ tab: tab === 'agents' ? null : tab })}
        tabs={[
          { id: 'agents', label: `Agents ${count(person.agentCount)}`, content: <OwnedAgents person={person} /> },
          {
            id: 'access',
            label: 'Access',
            content: <Answered query={access}>{(given) => <Access access={given} />}</Answered>,
          },
          {
            id: 'credentials',
            label: 'Credentials',
            content: (
              <Brokered
                of={{ person: id }}
                title="Accounts and tokens of theirs"
                empty="They have connected no account, and nothing is in use for them now. Whoever needs one is sent to /connect by the first call."
              />
            ),
          },
          { id: 'standing', label: 'Standing approvals', content: <StandingApprovals person={id} /> },
          { id: 'history', label: 'History', content: <History person={id} /> },
        ]}
      />
      {doing === 'invite' && <Invite person={person} onClose={close} />}
      {doing === 'reset' && <ResetCredentials person={person} access={access.data} onClose={close} />}
      {doing === 'deactivate' && <Deactivate person={person} access={access.data} onClose={close} />}
      {doing === 'reactivate' && <Reactivate person={person} onClose={close} />}
      {doing === 'remove' && <Remove person={person} onClose={close} />}
      {doing === 'hand-over' && <HandOver person={person} onClose={close} />}
    </>
  );
}

function More({
  person,
  may,
  onDo,
}: {
  person: PersonView;
  may: ReturnType<typeof useMay>;
  onDo: (doing: Doing) => void;
}) {
  const item = (doing: Doing, label: string, danger = false): MenuItem => ({
    ...{ label, danger },
    onSelect: () => onDo(doing),
  });
  const items = [
    ...(may('agents.write') && person.agentCount > 0 ? [item('hand-over', 'Hand over their agents…')] : []),
    ...(may('people.write')
      ? [
          item('reset', 'Reset how they sign in…', true),
          person.active ? item('deactivate', 'Deactivate…', true) : item('reactivate', 'Reactivate…'),
          ...(person.origin === 'registry' ? [item('remove', 'Remove for good…', true)] : []),
        ]
      : []),
  ];
  if (items.length === 0) return null;
  return (
    <Menu
      trigger={
        <Button size="icon" aria-label="More that can be done">
          <MoreHorizontal aria-hidden />
        </Button>
      }
      items={items}
    />
  );
}

function Profile({ person }: { person: PersonView }) {
  const { userName, email, department, groups, roles, origin, externalId, attributes } = person;
  return (
    <Card className="mb-5 p-4">
      <div className="grid grid-cols-1 gap-x-8 gap-y-4 md:grid-cols-2">
        <Facts
          items={[
            ['User name', visible(userName)],
            ['E-mail', email === null ? '—' : visible(email)],
            ['Department', department === null ? '—' : visible(department)],
            [
              'Known from',
              origin === 'configuration'
                ? 'the configuration'
                : externalId === null
                  ? 'added here'
                  : 'the identity provider',
            ],
            externalId !== null && ['External id', <Code key="external">{externalId}</Code>],
            ...Object.entries(attributes).map(([name, value]) => [visible(name), visible(value)] as const),
          ]}
        />
        <Facts
          items={[
            [
              'Groups',
              groups.length === 0 ? (
                'none'
              ) : (
                <span key="groups" className="flex flex-wrap gap-1.5">
                  {groups.map((group) => (
                    <Link key={group} to="/people" search={{ group }} className="underline">
                      {visible(group)}
                    </Link>
                  ))}
                </span>
              ),
            ],
            ['Console roles', roles.length === 0 ? 'none' : roles.join(', ')],
            [
              'Orphaned agents',
              person.orphanedCount === 0 ? (
                'none'
              ) : (
                <Link
                  key="orphaned"
                  to="/agents"
                  search={{ owner: person.id, state: 'orphaned' }}
                  className="text-bad underline"
                >
                  {count(person.orphanedCount)}
                </Link>
              ),
            ],
          ]}
        />
      </div>
    </Card>
  );
}
