import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { CliError, EXIT } from '../shell/exit.ts';
import { readTime } from './orders.ts';

export interface FieldOptions {
  readonly owner?: string;
  readonly deputy?: readonly string[];
  readonly purpose?: string;
  readonly name?: string;
  readonly archetype?: string;
  readonly risk?: string;
  readonly department?: string;
  readonly group?: readonly string[];
  readonly server?: readonly string[];
  readonly scope?: readonly string[];
  readonly client?: readonly string[];
  readonly redirectUri?: readonly string[];
  readonly backchannel?: string;
  readonly workload?: readonly string[];
  readonly publicKey?: readonly string[];
  readonly expires?: string;
  readonly template?: string;
}

export function withFields(command: Command): Command {
  return command
    .option('--owner <person>', 'who answers for it')
    .option('--deputy <person...>', 'who may act for the owner')
    .option('--purpose <text>', 'what it is for, in one sentence')
    .option('--name <text>', 'name people read')
    .addOption(new Option('--archetype <kind>', 'where it comes from').choices(['homegrown', 'saas', 'developer_tool']))
    .addOption(new Option('--risk <tier>', 'how much harm it could do').choices(['low', 'medium', 'high', 'critical']))
    .option('--department <text>', 'readable by policies')
    .option('--group <name...>', 'groups for policies')
    .option('--server <id...>', 'the only servers it may connect to')
    .option('--scope <scope...>', 'the most it may be granted, e.g. crm:read')
    .option('--client <id...>', 'OAuth clients that act as it: https URLs of client metadata, or client ids')
    .option('--redirect-uri <uri...>', 'when it is an OAuth client itself')
    .option(
      '--backchannel <how>',
      'it may ask people beforehand (CIBA): poll, or the https address to ping; none: it may not',
    )
    .option('--workload <issuer=subject...>', 'workload identities that prove it')
    .option('--public-key <file...>', 'public keys that prove it (JWK)')
    .option('--expires <time>', 'a date, a duration from now, or never')
    .option('--template <id>', 'the class it belongs to');
}

/** Only what was said. */
export function fieldsOf(options: FieldOptions): Readonly<Record<string, unknown>> {
  const { owner, deputy, purpose, name, archetype, risk, department, group, server, scope, template } = options;
  const all: Readonly<Record<string, unknown>> = {
    owner,
    deputies: deputy,
    purpose,
    name,
    archetype,
    riskTier: risk,
    department,
    groups: group,
    servers: server,
    scopes: scope,
    template,
    clients: options.client,
    redirectUris: options.redirectUri,
    backchannel: backchannel(options.backchannel),
    workloads: options.workload?.map(workload),
    keys: options.publicKey?.map(publicKey),
    expiresAtMs: options.expires === undefined ? undefined : readTime(options.expires),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** An address that cannot be pinged is refused where every field is checked. */
function backchannel(how: string | undefined): unknown {
  if (how === undefined || how === 'none') return how === undefined ? undefined : null;
  return how === 'poll' ? { mode: 'poll', notificationEndpoint: null } : { mode: 'ping', notificationEndpoint: how };
}

function workload(text: string): { readonly issuer: string; readonly subject: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new CliError(EXIT.usage, `"${text}" is no workload`, { help: 'write <issuer>=<subject>' });
  return { issuer: text.slice(0, at), subject: text.slice(at + 1) };
}

function publicKey(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CliError(EXIT.usage, `${file} is no public key`, { help: 'give a file with one JWK', cause });
  }
}
