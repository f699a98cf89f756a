import { Link } from '@tanstack/react-router';
import type { SettingsView } from '../../../../src/model/insight/estate.ts';
import type { ConsoleRole } from '../../../../src/model/insight/roles.ts';
import { useGet } from '../../api/hooks.ts';
import { Panel } from '../../kit/card.tsx';
import { Answered } from '../../kit/states.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { count } from '../../kit/time.tsx';

const MAY: Readonly<Record<ConsoleRole, string>> = {
  viewer: 'See everything but arguments and results of calls.',
  approver: 'The same. Who may answer a request is decided by its route, not by this role.',
  auditor: 'See everything, change nothing, take evidence away.',
  operator: 'Stop and release, accept tools, change agents, servers, reviews, connections and credentials.',
  'policy-author': 'Draft policies and replay them.',
  'policy-publisher': 'The same, publish and roll back.',
  'security-admin': 'All of it: people, keys, the vault, stopping everything.',
};

/** Who has which role. Given in the configuration, so that nobody gives themselves one here. */
export function Roles() {
  const asked = useGet<SettingsView>('/v1/settings');
  return (
    <Answered query={asked} lines={8}>
      {({ roles }) => (
        <Panel
          title="Roles in the console"
          note={
            <>
              Given under <Code>console.roles</Code> in the configuration, and only there. Roles add up.
            </>
          }
          bodyClass="p-0"
        >
          <ul>
            {roles.map(({ role, holders }) => (
              <li
                key={role}
                className="grid grid-cols-1 gap-x-4 gap-y-1 border-b px-4 py-3 last:border-0 md:grid-cols-[11rem_1fr_1fr]"
              >
                <Link
                  to="/people"
                  search={{ role }}
                  className="font-medium underline decoration-line underline-offset-2"
                >
                  {role}
                </Link>
                <span className="text-[13px] text-soft">{MAY[role]}</span>
                <span className="flex flex-wrap gap-x-3 gap-y-1">
                  {holders.length === 0 && <span className="text-soft">nobody</span>}
                  {holders.map(({ kind, id, people }) =>
                    kind === 'person' ? (
                      <Link key={id} to="/people/$id" params={{ id }} className="underline">
                        {visible(id)}
                        {people === 0 && ' (not active)'}
                      </Link>
                    ) : (
                      <Link key={`g ${id}`} to="/people" search={{ group: id }} className="underline">
                        group {visible(id)} ({count(people)})
                      </Link>
                    ),
                  )}
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </Answered>
  );
}
