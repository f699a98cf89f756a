import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Config, isLoopback } from '../../../config/config.ts';
import { LIMITS, type LimitName } from '../../../config/schema/limits.ts';
import type { Directory } from '../../../identity/directory.ts';
import type { RoleHolder, SettingsView } from '../../../model/insight/estate.ts';
import { CONSOLE_ROLES } from '../../../model/insight/roles.ts';
import type { Live } from '../../live.ts';

/** What the configuration in force says, without anything secret. */
export async function settingsView(live: Live, url: string): Promise<SettingsView> {
  const { config } = live;
  return {
    file: config.file,
    doors: doorsOf(config, url),
    limits: (Object.keys(LIMITS) as LimitName[]).map((name) => {
      const { unit, default: usual, what } = LIMITS[name];
      return { name, value: config.limits[name], unit, default: usual, what };
    }),
    facts: factsOf(config),
    roles: await rolesOf(config, live.directory),
  };
}

function doorsOf({ listen, admin, scim, metrics, signIn }: Config, url: string): SettingsView['doors'] {
  const encrypted = listen.tls !== null || url.startsWith('https:') ? 'encrypted' : 'not encrypted';
  const reach = isLoopback(listen.host) ? `from this machine only, ${encrypted}` : encrypted;
  const metered =
    metrics.listen === null ? 'on the administrative socket' : `${metrics.listen.host}:${metrics.listen.port}`;
  return [
    { name: 'Agents (MCP)', where: `${url}/mcp`, note: reach },
    { name: 'Authorization server', where: `${url}/.well-known/oauth-authorization-server`, note: 'metadata' },
    { name: 'Approvals', where: `${url}/approvals`, note: 'for whoever is asked' },
    {
      name: 'Sign-in',
      where: `${url}/sign-in`,
      note: [...(signIn.embedded ? ['passkeys and passwords'] : []), ...signIn.providers.map(({ name }) => name)].join(
        ', ',
      ),
    },
    { name: 'Provisioning (SCIM)', where: `${url}/scim/v2`, note: scim.tokenHashes.length > 0 ? 'on' : 'off' },
    { name: 'Administration', where: admin.socket, note: 'a socket only the user of the gateway can open' },
    { name: 'Metrics', where: metered, note: metrics.enabled ? 'on' : 'off' },
  ];
}

function factsOf(config: Config): SettingsView['facts'] {
  const { journal, store, signIn, tokens, oauth, approvals, permissions, vault, telemetry, leaving } = config;
  const { notify } = approvals;
  const channels = [
    ...(notify.email === null ? [] : ['e-mail']),
    ...(notify.slack === null ? [] : ['Slack']),
    ...(notify.webPush === null ? [] : ['web push']),
    ...(notify.webhook === null ? [] : ['webhook']),
  ];
  const kept = journal.retentionDays === null ? 'for ever' : `${journal.retentionDays} days`;
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['Record', 'Journal', journal.dir, 'journal.dir'],
    ['Record', 'Kept', kept, 'journal.retentionDays'],
    ['Record', 'Checkpoint every', durationOf(journal.checkpointIntervalMs), 'journal.checkpointIntervalMs'],
    ['Record', 'Store', store.kind === 'sqlite' ? `SQLite, ${store.file}` : 'PostgreSQL', 'store'],
    ['Record', 'Traces', telemetry.otlpEndpoint === null ? 'not sent' : 'sent', 'telemetry.otlpEndpoint'],
    ['People', 'Signed out when idle for', durationOf(signIn.session.idleMs), 'signIn.session.idleMs'],
    ['People', 'Signed out after', durationOf(signIn.session.absoluteMs), 'signIn.session.absoluteMs'],
    ['People', 'Own rights', permissions === null ? 'not looked at' : 'looked at before any policy', 'permissions'],
    ['People', 'Agents of whoever leaves', leaving.tier === 'halt' ? 'halted' : 'paused', 'identity.leaving.tier'],
    ['Approvals', 'Least proof of an answer', approvals.assurance, 'approvals.assurance'],
    ['Approvals', 'A call waits', durationOf(approvals.waitMs), 'approvals.waitMs'],
    ['Approvals', 'A question stays open', durationOf(approvals.expireMs), 'approvals.expireMs'],
    ['Approvals', 'Standing approvals', standingOf(config), 'approvals.standing'],
    ['Approvals', 'Messages by', channels.join(', ') || 'none: people look at their page', 'approvals.notify'],
    ['Tokens', 'Last', `${durationOf(tokens.ttlMs)}, at most ${durationOf(tokens.maxTtlMs)}`, 'tokens'],
    ['Tokens', 'Keys change', everyOf(oauth.keyRotationMs), 'oauth.keyRotationMs'],
    [
      'Tokens',
      'Unknown clients',
      oauth.unregistered === 'refuse' ? 'refused' : 'an agent per person',
      'oauth.unregistered',
    ],
    [
      'Tokens',
      'Key of the vault',
      vault.key === null ? "the gateway's own file" : `from ${vault.key.kind}`,
      'vault.key',
    ],
  ];
  return rows.map(([group, name, value, key]) => ({ group, name, value, key }));
}

function standingOf({ approvals: { standing } }: Config): string {
  return standing.enabled ? `for at most ${durationOf(standing.maxMs)}` : 'off';
}

function everyOf(ms: number | null): string {
  return ms === null ? 'by hand only' : `every ${durationOf(ms)}`;
}

function durationOf(ms: number): string {
  const units = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
    [1_000, 'second'],
  ] as const;
  for (const [size, name] of units) {
    if (ms < size || ms % size !== 0) continue;
    const count = ms / size;
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${ms} milliseconds`;
}

async function rolesOf({ console: { roles } }: Config, directory: Directory): Promise<SettingsView['roles']> {
  const sizes = new Map<string, number>();
  for (const holder of [...roles.values()].flat()) if (holder.startsWith('group:')) sizes.set(holder.slice(6), 0);
  let seen = 0;
  if (sizes.size > 0) {
    for (const person of [...directory.people()]) {
      if (++seen % 5_000 === 0) await nextTurn();
      if (!person.active) continue;
      for (const group of person.groups) if (sizes.has(group)) sizes.set(group, sizes.get(group)! + 1);
    }
  }
  const holder = (written: string): RoleHolder => {
    const [kind = '', id = ''] = [written.slice(0, written.indexOf(':')), written.slice(written.indexOf(':') + 1)];
    if (kind === 'group') return { kind: 'group', id, people: sizes.get(id) ?? 0 };
    return { kind: 'person', id, people: directory.person(id)?.active === true ? 1 : 0 };
  };
  return CONSOLE_ROLES.map((role) => ({ role, holders: (roles.get(role) ?? []).map(holder) }));
}
