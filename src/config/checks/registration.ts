import { isNotificationEndpoint } from '../../model/notification.ts';
import { exceeds } from '../../model/template.ts';
import { resolveAgent, resolveTemplate } from '../resolve.ts';
import type { ConfigFile } from '../schema.ts';
import { didYouMean, type Finding, type Path } from '../source/problem.ts';

/** What agents of the file say of deputies, clients, workloads, expiry and templates. Pure. */
export function checkRegistration(raw: ConfigFile): Finding[] {
  const people = Object.keys(raw.people ?? {});
  const workloads = new Map<string, string>();
  const agents = Object.entries(raw.agents).flatMap(([id, agent]) => {
    const at = (...path: Path): Path => ['agents', id, ...path];
    return [
      ...(agent.deputies ?? []).flatMap((name, i) => known(at('deputies', i), name, { what: 'person', names: people })),
      ...(agent.clients ?? []).flatMap((client, i) => badClient(at('clients', i), client)),
      ...(agent.redirectUris ?? []).flatMap((uri, i) => badRedirect(at('redirectUris', i), uri)),
      ...(agent.workloads ?? []).flatMap(({ issuer, subject }, i) => {
        const key = JSON.stringify([issuer, subject]);
        const other = workloads.get(key);
        workloads.set(key, id);
        if (other === undefined) return [];
        return [finding(at('workloads', i), `this workload is ${other} already`, 'a workload proves one agent')];
      }),
      ...badBackchannel(at('backchannel'), agent.backchannel),
      ...checkEnd(at('expires'), agent.expires),
      ...checkTemplate(raw, id),
    ];
  });
  const templates = Object.entries(raw.templates ?? {}).flatMap(([id, { reviewers = [], servers = [] }]) => [
    ...reviewers.flatMap((name, i) =>
      known(['templates', id, 'reviewers', i], name, { what: 'person', names: people }),
    ),
    ...servers.flatMap((name, i) =>
      known(['templates', id, 'servers', i], name, { what: 'server', names: Object.keys(raw.servers) }),
    ),
  ]);
  return [...agents, ...templates, ...checkAdmits(raw)];
}

function finding(path: Path, message: string, help: string): Finding {
  return { path, at: 'value', message, help };
}

function known(path: Path, name: string, { what, names }: { what: string; names: readonly string[] }): Finding[] {
  return names.includes(name) ? [] : [finding(path, `unknown ${what} "${name}"`, didYouMean(name, names))];
}

function badClient(path: Path, client: string): Finding[] {
  if (!client.includes(':')) return [];
  const url = URL.parse(client);
  const proper = url?.protocol === 'https:' && url.pathname.length > 1 && url.hash === '' && url.username === '';
  if (proper) return [];
  return [finding(path, `"${client}" is no client metadata URL`, 'write https://…/path without a fragment')];
}

function badRedirect(path: Path, uri: string): Finding[] {
  const url = URL.parse(uri);
  const loopback = url !== null && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const own = url !== null && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+:$/.test(url.protocol);
  const proper = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback) || own;
  if (proper && url?.hash === '' && url.username === '') return [];
  return [finding(path, `"${uri}" is no redirect URI`, 'use https, http on loopback, or com.example.app:/…')];
}

function badBackchannel(path: Path, backchannel: ConfigFile['agents'][string]['backchannel']): Finding[] {
  if (backchannel === undefined) return [];
  const { mode, notificationEndpoint: endpoint } = backchannel;
  if (mode === 'poll')
    return endpoint === undefined
      ? []
      : [
          finding(
            [...path, 'notificationEndpoint'],
            'an agent that polls is told nothing',
            'remove it, or write mode: ping',
          ),
        ];
  if (endpoint === undefined)
    return [
      finding([...path, 'mode'], 'an agent that is pinged needs an address', 'add notificationEndpoint: https://…'),
    ];
  if (isNotificationEndpoint(endpoint)) return [];
  return [
    finding([...path, 'notificationEndpoint'], `"${endpoint}" is no address to ping`, 'use https, or http on loopback'),
  ];
}

function checkEnd(path: Path, expires: string | undefined): Finding[] {
  if (expires === undefined || !Number.isNaN(Date.parse(expires))) return [];
  return [finding(path, `"${expires}" is no date`, 'write e.g. 2027-06-30 or 2027-06-30T18:00:00Z')];
}

/** The lifetime of a template is counted from when an end is set, which a file does not say: only that there is an end is checked. */
function checkTemplate(raw: ConfigFile, id: string): Finding[] {
  const agent = raw.agents[id];
  if (agent?.template === undefined) return [];
  const path = ['agents', id, 'template'];
  const template = raw.templates?.[agent.template];
  if (template === undefined) {
    return known(path, agent.template, { what: 'template', names: Object.keys(raw.templates ?? {}) });
  }
  const resolved = resolveAgent(id, agent, false);
  const wrong = exceeds(resolved, resolveTemplate([agent.template, template]), resolved.expiresAtMs ?? 0);
  return wrong.map((how) => finding(path, `${id} exceeds ${agent.template}: ${how}`, 'narrow the agent'));
}

function checkAdmits(raw: ConfigFile): Finding[] {
  const admitting = Object.entries(raw.templates ?? {}).filter(([, { admits = 'no' }]) => admits !== 'no');
  return admitting
    .slice(1)
    .map(([id]) => finding(['templates', id, 'admits'], `${admitting[0]?.[0]} admits clients already`, 'only one may'));
}
