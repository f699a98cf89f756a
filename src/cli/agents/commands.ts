import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../../adapters/clock.ts';
import { type Config, gatewayUrl } from '../../config/config.ts';
import { didYouMean } from '../../config/source/problem.ts';
import type { Agent } from '../../model/agent.ts';
import { addCanCommand } from '../insight/agents-can.ts';
import { adminClient, everyItem, isReachable } from '../operate/admin-client.ts';
import { addRegistryCommands } from '../registry/agents.ts';
import { addTransferCommands } from '../registry/transfer.ts';
import type { Act } from '../shell/act.ts';
import { type Context, operatorName, requireConfig } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { clientSnippets, invocation } from './client-config.ts';
import { editConfig, withAgent, withKey } from './edit-config.ts';
import { httpClient } from './http.ts';
import { type AgentKey, type KeyAlgorithm, keyFile, makeKey, readKey, writeKey } from './keys.ts';
import { fetchToken, signAssertion } from './token.ts';

interface AddOptions {
  readonly owner?: string;
  readonly ownerName?: string;
  readonly purpose?: string;
  readonly name?: string;
  readonly archetype: string;
  readonly risk: string;
  readonly department?: string;
  readonly group?: readonly string[];
  readonly server?: readonly string[];
  readonly alg: KeyAlgorithm;
  readonly keyOut?: string;
  readonly newKey?: boolean;
  readonly in: 'config' | 'registry';
  readonly template?: string;
  readonly reason?: string;
  readonly by?: string;
}

interface TokenOptions {
  readonly server?: string;
  readonly key?: string;
  readonly gateway?: string;
  readonly headers?: boolean;
  readonly assertion?: boolean;
}

export function addAgentCommands(program: Command, act: Act): void {
  const agents = program
    .command('agents')
    .description('who may connect')
    .addHelpText(
      'after',
      '\nExample:\n  interlock agents add procurement --owner alice --purpose "orders office supplies"',
    );
  agents
    .command('list', { isDefault: true })
    .description('list the agents: those of the running gateway, else those of the configuration')
    .addHelpText('after', '\nExample:\n  interlock agents list --json')
    .action(act((context) => list(context)));
  agents
    .command('add')
    .description('make a key pair, add the agent to the configuration, print what its MCP client needs')
    .argument('<id>', 'lower-case letters, digits and hyphens')
    .option('--owner <person>', 'who answers for it (a key of people)')
    .option('--owner-name <name>', 'adds the owner to people, when missing')
    .option('--purpose <text>', 'what it is for, in one sentence')
    .option('--name <text>', 'name people read (default: the id)')
    .addOption(
      new Option('--archetype <kind>', 'where it comes from')
        .choices(['homegrown', 'saas', 'developer_tool'])
        .default('homegrown'),
    )
    .addOption(
      new Option('--risk <tier>', 'how much harm it could do')
        .choices(['low', 'medium', 'high', 'critical'])
        .default('high'),
    )
    .option('--department <text>', 'readable by policies')
    .option('--group <name...>', 'groups for policies')
    .option('--server <id...>', 'the only servers it may connect to (default: policy alone decides)')
    .addOption(new Option('--alg <algorithm>', 'of the key').choices(['EdDSA', 'ES256']).default('EdDSA'))
    .option('--key-out <file>', 'where the private key goes (default: <data>/keys/<id>.jwk)')
    .addOption(
      new Option('--in <place>', 'where it is kept: the configuration file, or the registry of the running gateway')
        .choices(['config', 'registry'])
        .default('config'),
    )
    .option('--template <id>', 'the class it belongs to (with --in registry)')
    .option('--reason <text>', 'why; recorded (with --in registry)')
    .option('--by <name>', 'who adds it (default: your login name; with --in registry)')
    .option('--new-key', 'the agent exists: give it a further key, to change keys without a gap')
    .addHelpText(
      'after',
      '\nExample:\n  interlock agents add procurement --owner alice --purpose "orders office supplies" --risk medium --server crm',
    )
    .action(act((context, [id = ''], options: AddOptions) => add(context, id, options)));
  addRegistryCommands(agents, act);
  addCanCommand(agents, act);
  addTransferCommands(agents, act);
  agents
    .command('token')
    .description('print a short-lived access token for an agent, earned with its key')
    .argument('<id>')
    .option('--server <id>', 'for this server only (default: all)')
    .option('--key <file>', 'its private key (default: <data>/keys/<id>.jwk)')
    .option('--gateway <url>', 'where the gateway is (default: as configured)')
    .option('--assertion', 'print the client assertion that proves the agent instead: good once, for a minute')
    .option('--headers', 'print {"Authorization":"Bearer …"}, as the headersHelper of Claude Code wants it')
    .addHelpText(
      'after',
      '\nExample:\n  curl -H "Authorization: Bearer $(interlock agents token procurement --server crm)" …',
    )
    .action(act((context, [id = ''], options: TokenOptions) => token(context, id, options)));
}

async function list(context: Context): Promise<void> {
  const config = await requireConfig(context, { quiet: true });
  const tokens = new Set(config.agents.filter((agent) => agent.staticTokenSha256 !== null).map(({ id }) => id));
  const agents = (await registered(config)) ?? config.agents;
  context.terminal.value({
    agents: agents.map(({ keys, ...agent }) => ({
      ...agent,
      staticTokenSha256: undefined,
      keys: keys.map(({ kid, kty, alg }) => ({ kid, kty, alg })),
      staticToken: tokens.has(agent.id),
    })),
  });
  if (agents.length === 0) return context.terminal.line('no agents; add one with: interlock agents add <id>');
  context.terminal.table(
    ['agent', 'state', 'owner', 'risk', 'archetype', 'keys', 'servers', 'purpose'],
    agents.map((agent) => [
      agent.id,
      { text: agent.state, tone: agent.state === 'active' ? 'plain' : 'warn' },
      agent.owner,
      {
        text: agent.riskTier,
        tone: agent.riskTier === 'critical' ? 'bad' : agent.riskTier === 'high' ? 'warn' : 'plain',
      },
      agent.archetype,
      tokens.has(agent.id) ? { text: 'static token', tone: 'bad' } : agent.keys.length,
      agent.servers === null ? 'by policy' : agent.servers.join(','),
      agent.purpose,
    ]),
  );
}

/** All the running gateway knows; `null`: none runs. */
async function registered(config: Config): Promise<readonly Agent[] | null> {
  try {
    return await everyItem<Agent>(adminClient({ socket: config.admin.socket, timeoutMs: 5_000 }), '/v1/agents');
  } catch (error) {
    if (error instanceof CliError && error.exit === EXIT.unreachable) return null;
    throw error;
  }
}

async function add(context: Context, id: string, options: AddOptions): Promise<void> {
  const config = await requireConfig(context, { quiet: true });
  if (options.in === 'registry') return addInRegistry(context, { id, config, options });
  const exists = config.agents.some((agent) => agent.id === id);
  checkAdd(config, id, { ...options, exists });
  const file = options.keyOut === undefined ? keyFile(config.dataDir, id) : resolve(options.keyOut);
  const key = await makeKey(options.alg);
  // The key first: a configuration that names a key nobody has would be worse than a key nobody knows.
  writeKey(file, key, options.newKey === true);
  editConfig(context.configFile, context.env, (text) =>
    exists ? withKey(text, id, key.publicJwk) : withAgent(text, describe(id, options, key)),
  );
  const running = await isReachable(adminClient({ socket: config.admin.socket, timeoutMs: 2_000 })).catch(() => false);
  printAdded(context, { id, config, options, file, key, running });
}

/** The key first, as with the file; the registry only ever sees its public half. A further key is added to those it has. */
async function addInRegistry(
  context: Context,
  { id, config, options }: { readonly id: string; readonly config: Config; readonly options: AddOptions },
): Promise<void> {
  const client = adminClient({ socket: config.admin.socket });
  const path = `/v1/agents/${encodeURIComponent(id)}`;
  const order = { by: operatorName(options.by), reason: options.reason ?? 'added on the command line' };
  const there = options.newKey === true ? await client.get<{ agent: Agent; version: number }>(path) : null;
  const file = options.keyOut === undefined ? keyFile(config.dataDir, id) : resolve(options.keyOut);
  const key = await makeKey(options.alg);
  writeKey(file, key, options.newKey === true);
  if (there === null) {
    const { owner, purpose, name = id, archetype, risk, department, group, server, template } = options;
    const shared = { owner, purpose, name, department, template, keys: [key.publicJwk] };
    const own = template === undefined ? { archetype, riskTier: risk, groups: group, servers: server } : {};
    await client.post('/v1/agents', { id, fields: JSON.parse(JSON.stringify({ ...own, ...shared })), ...order });
  } else {
    const fields = { keys: [...there.agent.keys, key.publicJwk] };
    await client.patch(path, { fields, ifVersion: there.version, ...order });
  }
  printAdded(context, { id, config, options, file, key, running: true });
}

function checkAdd(config: Config, id: string, options: AddOptions & { readonly exists: boolean }): void {
  if (options.exists !== (options.newKey === true)) {
    const message = options.exists ? `the agent "${id}" exists already` : `there is no agent "${id}" to give a new key`;
    throw new CliError(EXIT.usage, message, {
      help: options.exists ? '--new-key gives it a further key' : 'leave out --new-key',
    });
  }
  if (options.exists) return;
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(id)) {
    throw new CliError(EXIT.usage, `"${id}" is no valid id`, {
      help: 'a letter, then up to 31 letters, digits and hyphens, all lower case',
    });
  }
  if (options.purpose === undefined || options.purpose.trim() === '')
    throw new CliError(EXIT.usage, 'what is it for?', { help: 'add --purpose "…"' });
  const people = config.people.map((person) => person.id);
  if (options.owner === undefined) {
    throw new CliError(EXIT.usage, 'every agent has an owner', {
      help: `add --owner <person>; known: ${people.join(', ') || 'nobody yet, add --owner-name too'}`,
    });
  }
  if (!people.includes(options.owner) && options.ownerName === undefined) {
    const help = `${didYouMean(options.owner, people)}; or add the person: --owner-name "…"`;
    throw new CliError(EXIT.usage, `the configuration knows no person "${options.owner}"`, { help });
  }
  const servers = config.servers.map((server) => server.id);
  for (const server of options.server ?? []) {
    if (servers.includes(server)) continue;
    throw new CliError(EXIT.usage, `the configuration knows no server "${server}"`, {
      help: didYouMean(server, servers),
    });
  }
}

function describe(id: string, options: AddOptions, key: AgentKey): Parameters<typeof withAgent>[1] {
  return {
    id,
    name: options.name ?? id,
    owner: options.owner ?? '',
    ownerName: options.ownerName ?? null,
    purpose: options.purpose ?? '',
    archetype: options.archetype,
    riskTier: options.risk,
    department: options.department ?? null,
    groups: options.group ?? [],
    servers: options.server ?? [],
    key: key.publicJwk,
  };
}

interface Added {
  readonly id: string;
  readonly config: Config;
  readonly options: AddOptions;
  readonly file: string;
  readonly key: AgentKey;
  readonly running: boolean;
}

function printAdded(context: Context, { id, config, options, file, key, running }: Added): void {
  const { terminal } = context;
  const servers = options.server ?? config.servers.map((server) => server.id);
  const snippets = clientSnippets({
    agent: id,
    server: servers[0] ?? null,
    gateway: gatewayUrl(config.listen),
    configFile: context.configFile,
    keyFile: options.keyOut === undefined ? null : file,
    how: invocation(context.env),
  });
  terminal.value({
    agent: id,
    kid: key.publicJwk.kid,
    keyFile: file,
    publicKey: key.publicJwk,
    configFile: context.configFile,
    clients: snippets,
  });
  terminal.line(`added ${id} to ${options.in === 'registry' ? 'the registry' : context.configFile}`, 'good');
  terminal.line(`its private key: ${file} (readable by you only; it never leaves this machine)`);
  terminal.line(running ? 'the running gateway takes it over at once' : 'start the gateway with: interlock up');
  if (servers.length > 1)
    terminal.line(`the snippets are for "${servers[0]}"; the same works for ${servers.slice(1).join(', ')}`);
  for (const snippet of snippets) {
    terminal.line('');
    terminal.line(snippet.file === null ? snippet.client : `${snippet.client}: ${snippet.file}`, 'strong');
    for (const line of snippet.text.split('\n')) terminal.line(`  ${line}`);
    if (snippet.note !== '') terminal.line(`  (${snippet.note})`, 'dim');
  }
}

async function token(context: Context, id: string, options: TokenOptions): Promise<void> {
  const place = await gatewayOf(context, { agent: id, ...options });
  if (options.assertion === true) {
    const proof = { agent: id, key: readKey(place.keyFile), gateway: place.gateway };
    const assertion = await signAssertion(proof, systemClock.nowMs());
    context.terminal.value({ assertion });
    return context.terminal.line(assertion);
  }
  const http = httpClient({ ca: place.ca });
  try {
    const request = { agent: id, key: readKey(place.keyFile), gateway: place.gateway, resource: place.resource };
    const earned = await fetchToken(request, { http, clock: systemClock });
    if (options.headers === true) {
      process.stdout.write(`${JSON.stringify({ Authorization: `Bearer ${earned.token}` })}\n`);
      return;
    }
    context.terminal.value({ token: earned.token, expiresAtMs: earned.expiresAtMs, resource: place.resource });
    context.terminal.line(earned.token);
  } finally {
    await http.close();
  }
}

export interface GatewayPlace {
  readonly gateway: string;
  readonly resource: string;
  readonly keyFile: string;
  /** The gateway's own certificate, which may be self-signed. */
  readonly ca: string | null;
}

interface Wanted {
  readonly agent: string;
  readonly server?: string;
  readonly key?: string;
  readonly gateway?: string;
}

/**
 * Where the gateway and the key are. With --gateway and --key no configuration is needed, so that an agent can run on another
 * machine; otherwise the configuration says it, and a mistyped agent or server is noticed here.
 */
export async function gatewayOf(context: Context, wanted: Wanted): Promise<GatewayPlace> {
  const { agent, server } = wanted;
  const suffix = server === undefined ? '/mcp' : `/mcp/${server}`;
  if (wanted.gateway !== undefined && wanted.key !== undefined) {
    const gateway = wanted.gateway.replace(/\/+$/, '');
    if (URL.parse(gateway) === null) throw new CliError(EXIT.usage, `--gateway ${gateway} is no URL`);
    return { gateway, resource: `${gateway}${suffix}`, keyFile: resolve(wanted.key), ca: null };
  }
  const config = await requireConfig(context, { quiet: true });
  const agents = config.agents.map((each) => each.id);
  // An agent of the registry is known by its key; the gateway decides.
  const own = wanted.key === undefined ? keyFile(config.dataDir, agent) : resolve(wanted.key);
  if (!agents.includes(agent) && !existsSync(own))
    throw new CliError(EXIT.usage, `the configuration knows no agent "${agent}"`, { help: didYouMean(agent, agents) });
  const servers = config.servers.map((each) => each.id);
  if (server !== undefined && !servers.includes(server)) {
    throw new CliError(EXIT.usage, `the configuration knows no server "${server}"`, {
      help: didYouMean(server, servers),
    });
  }
  const gateway = wanted.gateway?.replace(/\/+$/, '') ?? (await listeningUrl(config));
  return { gateway, resource: `${gateway}${suffix}`, keyFile: own, ca: config.listen.tls?.cert ?? null };
}

/** With port 0 only the running gateway knows. */
async function listeningUrl(config: Config): Promise<string> {
  if (config.listen.port !== 0 || config.listen.publicUrl !== null) return gatewayUrl(config.listen);
  const status = await adminClient({ socket: config.admin.socket }).get<{ readonly url: string }>('/v1/status');
  return status.url;
}
