import type { ReactNode } from 'react';
import type { PersonAccess } from '../../../../src/model/insight/estate.ts';
import { Badge } from '../../kit/badge.tsx';
import { Panel } from '../../kit/card.tsx';
import { visible } from '../../kit/text.tsx';
import { counted, Time } from '../../kit/time.tsx';

/** How somebody gets in, where they are signed in now, and what they may do in the console. Nothing secret is shown. */
export function Access({ access }: { access: PersonAccess }) {
  const { passkeys, password, links, sessions, roles, permissions } = access;
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <Panel title="Signs in with" note="What they prove themselves with. Set by themselves alone." bodyClass="p-0">
        <Rows
          rows={[
            ...passkeys.map(({ name, synced, createdAtMs, lastUsedMs }) => ({
              main: (
                <>
                  Passkey “{visible(name)}” {synced && <Badge>synced</Badge>}
                </>
              ),
              more: (
                <>
                  since <Time ms={createdAtMs} />
                  {lastUsedMs === null ? (
                    ', never used'
                  ) : (
                    <>
                      , last used <Time ms={lastUsedMs} look="ago" />
                    </>
                  )}
                </>
              ),
            })),
            ...(password === null
              ? []
              : [
                  {
                    main: 'Password',
                    more: (
                      <>
                        set <Time ms={password.setAtMs} />
                      </>
                    ),
                  },
                ]),
            ...links.map(({ issuer, subject }) => ({ main: visible(issuer), more: <>as {visible(subject)}</> })),
          ]}
          none="Nothing yet: they cannot sign in until they are invited, or come from an identity provider."
        />
      </Panel>
      <Panel title="Signed in now" note={counted(sessions.length, 'browser')} bodyClass="p-0">
        <Rows
          rows={sessions.map(({ userAgent, startedAtMs, lastSeenMs, amr, provider }) => ({
            main: visible(userAgent) || 'A browser that does not say what it is',
            more: (
              <>
                since <Time ms={startedAtMs} />, last seen <Time ms={lastSeenMs} look="ago" />
                {amr.length > 0 && <>, by {visible(amr.join(', '))}</>}
                {provider !== null && <> at {visible(provider)}</>}
              </>
            ),
          }))}
          none="In no browser."
        />
      </Panel>
      <Panel
        title="May do in the console"
        note={roles.length === 0 ? 'no role' : roles.join(', ')}
        className="lg:col-span-2"
      >
        {roles.length === 0 ? (
          <p className="text-soft">
            They see their own approvals and account. Roles are given in the configuration, under{' '}
            <code className="font-mono">console.roles</code>.
          </p>
        ) : (
          <ul className="flex flex-wrap gap-1.5">
            {permissions.map((permission) => (
              <li key={permission}>
                <Badge>{permission}</Badge>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}

function Rows({ rows, none }: { rows: readonly { main: ReactNode; more: ReactNode }[]; none: string }) {
  if (rows.length === 0) return <p className="px-4 py-3 text-soft">{none}</p>;
  return (
    <ul>
      {rows.map(({ main, more }, i) => (
        <li key={i} className="border-b px-4 py-2.5 last:border-0">
          <p className="flex flex-wrap items-center gap-1.5 font-medium">{main}</p>
          <p className="text-[13px] text-soft">{more}</p>
        </li>
      ))}
    </ul>
  );
}
