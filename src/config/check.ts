import { checkApprovals } from './checks/approvals.ts';
import { checkCredentials } from './checks/credentials.ts';
import { checkDelegation } from './checks/delegation.ts';
import { checkNotify } from './checks/notify.ts';
import { warnConsole } from './checks/people/console.ts';
import { checkSignIn } from './checks/people/sign-in.ts';
import { checkPermissions, warnPermissions } from './checks/permissions.ts';
import { checkRegistration } from './checks/registration.ts';
import { checkSentences } from './checks/sentences.ts';
import { isLoopback } from './config.ts';
import { checkKeys } from './keys.ts';
import { APPROVAL_DEFAULTS } from './schema/approvals/approvals.ts';
import { DEFAULT_LIMITS, type LimitName } from './schema/limits.ts';
import { type ConfigFile, DEFAULTS } from './schema.ts';
import { didYouMean, type Finding, type Path } from './source/problem.ts';

export interface Checked {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What a schema cannot say: names that must exist, values that must fit together. `raw` satisfies the schema. Pure. */
export function checkSemantics(raw: ConfigFile): Checked {
  const approvals = checkApprovals(raw);
  const notify = checkNotify(raw);
  return {
    errors: [
      ...checkAgents(raw),
      ...checkRegistration(raw),
      ...checkKeys(raw),
      ...checkDevelopment(raw),
      ...checkListen(raw),
      ...checkServers(raw),
      ...checkSentences(raw),
      ...checkCredentials(raw),
      ...checkNumbers(raw),
      ...checkSignIn(raw),
      ...checkPermissions(raw),
      ...checkDelegation(raw),
      ...approvals.errors,
      ...notify.errors,
    ],
    warnings: [
      ...warnExposure(raw),
      ...warnPlaintext(raw),
      ...warnPermissions(raw),
      ...warnConsole(raw),
      ...approvals.warnings,
      ...notify.warnings,
      ...warnEmpty(raw),
    ],
  };
}

function value(path: Path, message: string, help: string): Finding {
  return { path, at: 'value', message, help };
}

function checkAgents(raw: ConfigFile): Finding[] {
  const people = Object.keys(raw.people ?? {});
  const servers = Object.keys(raw.servers);
  return Object.entries(raw.agents).flatMap(([id, agent]) => {
    const findings: Finding[] = [];
    if (!people.includes(agent.owner)) {
      const hint = people.length === 0 ? `add people.${agent.owner} with a name` : didYouMean(agent.owner, people);
      findings.push(value(['agents', id, 'owner'], `the owner "${agent.owner}" is not one of people`, hint));
    }
    for (const [i, server] of (agent.servers ?? []).entries()) {
      if (servers.includes(server)) continue;
      findings.push(value(['agents', id, 'servers', i], `unknown server "${server}"`, didYouMean(server, servers)));
    }
    const anonymous = raw.development?.anonymousAgent === id;
    const others = [agent.workloads, agent.clients, agent.redirectUris].some((each) => (each ?? []).length > 0);
    if (!others && (agent.keys ?? []).length === 0 && agent.staticToken === undefined && !anonymous) {
      const help = `give it a key pair: interlock agents add ${id} --new-key, or add the public JWK under keys`;
      findings.push({
        path: ['agents', id],
        at: 'key',
        message: `the agent "${id}" has no key and cannot prove itself`,
        help,
      });
    }
    return findings;
  });
}

function checkDevelopment(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  const allowed = raw.development?.allowStaticTokens === true;
  for (const [id, agent] of Object.entries(raw.agents)) {
    if (agent.staticToken === undefined || allowed) continue;
    const help =
      'remove staticToken and use a key (interlock agents add), or set development.allowStaticTokens: true on a developer’s machine';
    findings.push({ path: ['agents', id, 'staticToken'], at: 'key', message: 'static tokens are not allowed', help });
  }
  const anonymous = raw.development?.anonymousAgent;
  if (anonymous === undefined) return findings;
  const path = ['development', 'anonymousAgent'];
  if (!Object.hasOwn(raw.agents, anonymous)) {
    findings.push(value(path, `unknown agent "${anonymous}"`, didYouMean(anonymous, Object.keys(raw.agents))));
  }
  if (!allowed) {
    findings.push(
      value(path, 'anonymousAgent needs development.allowStaticTokens: true', 'set it, or remove anonymousAgent'),
    );
  }
  const host = raw.listen?.host ?? DEFAULTS.host;
  if (!isLoopback(host) || raw.listen?.publicUrl !== undefined) {
    const help = 'listen on 127.0.0.1 without publicUrl, or remove anonymousAgent';
    findings.push(value(path, `anonymousAgent works on loopback only, the gateway listens on ${host}`, help));
  }
  return findings;
}

function checkListen(raw: ConfigFile): Finding[] {
  const listen = raw.listen;
  if (listen === undefined) return [];
  const findings: Finding[] = [];
  const anyAddress = listen.host === '0.0.0.0' || listen.host === '::';
  if (anyAddress && listen.publicUrl === undefined && (listen.allowedHosts ?? []).length === 0) {
    const help =
      'set listen.publicUrl or listen.allowedHosts to the names clients use; other Host headers are refused (DNS rebinding)';
    findings.push(value(['listen', 'host'], `with ${listen.host} nobody but loopback names would be accepted`, help));
  }
  const metrics = raw.metrics?.listen;
  const port = listen.port ?? DEFAULTS.port;
  if (metrics !== undefined && metrics.port !== 0 && metrics.port === port) {
    findings.push(value(['metrics', 'listen', 'port'], `port ${port} is taken by listen`, 'choose another port'));
  }
  return findings;
}

/** Headers that the gateway or the protocol sets itself; a fixed value would break or bypass them. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set(
  'accept connection content-length content-type expect host keep-alive last-event-id te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

function checkServers(raw: ConfigFile): Finding[] {
  return Object.entries(raw.servers).flatMap(([id, server]) => {
    if (!('url' in server)) return [];
    const findings: Finding[] = [];
    const path = ['servers', id, 'url'];
    const url = URL.parse(server.url);
    if (url === null) findings.push(value(path, `"${server.url}" is no URL`, 'write e.g. https://crm.example/mcp'));
    if (url !== null && (url.username !== '' || url.password !== '')) {
      findings.push(value(path, 'credentials do not belong into the URL', `use servers.${id}.headers with \${NAME}`));
    }
    if (url !== null && url.hash !== '') findings.push(value(path, 'a fragment (#…) is never sent', 'remove it'));
    for (const name of Object.keys(server.headers ?? {})) {
      const lower = name.toLowerCase();
      if (!RESERVED_HEADERS.has(lower) && !/^(?:mcp-|interlock-action)/.test(lower)) continue;
      const help = 'remove it; the gateway sets it itself';
      findings.push({
        path: ['servers', id, 'headers', name],
        at: 'key',
        message: `the header ${name} cannot be set`,
        help,
      });
    }
    return findings;
  });
}

function checkNumbers(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  const limit = (name: LimitName): number =>
    (raw.limits as Record<string, number> | undefined)?.[name] ?? DEFAULT_LIMITS[name];
  const atMost = (part: LimitName, whole: LimitName): void => {
    if (limit(part) <= limit(whole)) return;
    const given = raw.limits !== undefined && Object.hasOwn(raw.limits, part) ? part : whole;
    const message = `limits.${part} (${limit(part)}) is more than limits.${whole} (${limit(whole)})`;
    findings.push(value(['limits', given], message, `raise ${whole} or lower ${part}`));
  };
  atMost('sessionsPerAgent', 'sessions');
  atMost('concurrentCallsPerAgent', 'concurrentCalls');
  atMost('headersTimeoutMs', 'bodyTimeoutMs');
  const approvals = { ...APPROVAL_DEFAULTS, ...raw.approvals };
  if (approvals.waitMs > approvals.expireMs) {
    const message = `approvals.waitMs (${approvals.waitMs}) is longer than approvals.expireMs (${approvals.expireMs})`;
    findings.push(value(['approvals'], message, 'a question must live at least as long as a call waits for it'));
  }
  const tokens = { ...DEFAULTS.tokens, ...raw.tokens };
  if (tokens.ttlMs > tokens.maxTtlMs) {
    const message = `tokens.ttlMs (${tokens.ttlMs}) is more than tokens.maxTtlMs (${tokens.maxTtlMs})`;
    findings.push(value(['tokens'], message, 'lower ttlMs or raise maxTtlMs'));
  }
  return findings;
}

function warnExposure(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  if (raw.development?.allowStaticTokens === true) {
    const message =
      'DEVELOPMENT ONLY: static tokens are allowed; anybody who reads one is that agent, and every record says so';
    findings.push(
      value(
        ['development', 'allowStaticTokens'],
        message,
        'use keys (interlock agents add) before anybody relies on this',
      ),
    );
  }
  if (raw.development?.anonymousAgent !== undefined) {
    const message = 'DEVELOPMENT ONLY: callers without any credential are let in';
    findings.push(value(['development', 'anonymousAgent'], message, 'remove it before anybody relies on this'));
  }
  const host = raw.listen?.host ?? DEFAULTS.host;
  if (!isLoopback(host) && raw.listen?.tls === undefined && !raw.listen?.publicUrl?.startsWith('https:')) {
    const message = `tokens and arguments cross the network unencrypted: ${host} without TLS`;
    findings.push(
      value(['listen', 'host'], message, 'set listen.tls, or put a TLS proxy in front and set listen.publicUrl'),
    );
  }
  return findings;
}

function warnPlaintext(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  for (const [id, server] of Object.entries(raw.servers)) {
    if (!('url' in server)) continue;
    const url = URL.parse(server.url);
    if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
      findings.push(value(['servers', id, 'url'], `calls to ${url.host} are not encrypted`, 'use https'));
    }
    for (const [name, text] of Object.entries(server.headers ?? {})) {
      if (!/^(authorization|cookie|x-api-key|api-key)$/i.test(name) || /\$\{/.test(text)) continue;
      const help = `put it into the environment or a file: ${name}: \${NAME}`;
      findings.push(value(['servers', id, 'headers', name], `a secret stands in this file as plain text`, help));
    }
  }
  return findings;
}

function warnEmpty(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  if (Object.keys(raw.agents).length === 0) {
    findings.push({
      path: ['agents'],
      at: 'key',
      message: 'no agent is configured: every call is refused',
      help: 'interlock agents add <id> --owner <person>',
    });
  }
  if (Object.keys(raw.servers).length === 0) {
    findings.push({ path: ['servers'], at: 'key', message: 'no server is configured', help: 'add one under servers' });
  }
  return findings;
}
