import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { keyFile } from '../agents/keys.ts';
import { adminClient, isReachable } from '../operate/admin-client.ts';
import type { Act } from '../shell/act.ts';
import type { Context } from '../shell/context.ts';
import { CliError, EXIT, type ExitCode } from '../shell/exit.ts';
import { loadEverything } from './check.ts';

interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'bad';
  readonly detail: string;
  readonly help: string;
}

export function addDoctorCommand(program: Command, act: Act): void {
  program
    .command('doctor')
    .description('look for what commonly goes wrong on this machine; exit 1 when something must be changed')
    .addHelpText('after', '\nExample:\n  interlock doctor')
    .action(act((context) => doctor(context)));
}

async function doctor(context: Context): Promise<ExitCode> {
  const findings: Finding[] = [ok('node', `${process.versions.node} (${process.execPath})`)];
  let config: Config | null = null;
  try {
    const loaded = await loadEverything(context);
    config = loaded.config;
    findings.push(ok('configuration', `${config.file}, ${loaded.policies.count} policies`));
    for (const warning of loaded.warnings)
      findings.push(warn('configuration', `${warning.file}:${warning.line}: ${warning.message}`, warning.help));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    findings.push(bad('configuration', error.message.split('\n')[0] ?? '', 'see: interlock check'));
  }
  if (config !== null)
    findings.push(
      ...(await machine(config)),
      ...config.agents.flatMap((agent) => keyOf(config, agent.id)),
      ...commands(config, context),
    );
  context.terminal.value({ ok: findings.every((finding) => finding.state !== 'bad'), findings });
  context.terminal.table(
    ['check', 'state', 'detail'],
    findings.map(({ check, state, detail, help }) => [
      check,
      { text: state, tone: state === 'ok' ? 'good' : state },
      help === '' ? detail : `${detail}; ${help}`,
    ]),
  );
  return findings.some((finding) => finding.state === 'bad') ? EXIT.failed : EXIT.ok;
}

async function machine(config: Config): Promise<Finding[]> {
  const running = await isReachable(adminClient({ socket: config.admin.socket, timeoutMs: 3_000 }));
  return [
    running ? ok('gateway', `answers at ${config.admin.socket}`) : warn('gateway', 'is not running', 'interlock up'),
    ...(running ? [] : [await portFree(config)]),
    dataFolder(config),
    ...freeSpace(config),
  ];
}

/** Listens where the gateway would, for a moment: the only true answer. */
function portFree(config: Config): Promise<Finding> {
  const { host, port } = config.listen;
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const help =
        error.code === 'EADDRINUSE'
          ? 'stop what listens there, or choose another listen.port'
          : 'choose another listen.host or listen.port';
      done(bad('port', `cannot listen on ${host}:${port} (${error.code})`, help));
    });
    server.listen(port, host, () => server.close(() => done(ok('port', `${host}:${port} is free`))));
  });
}

function dataFolder({ dataDir }: Config): Finding {
  const folder = statSync(dataDir, { throwIfNoEntry: false });
  if (folder === undefined) {
    const parent = nearestFolder(dataDir);
    return isWritable(parent)
      ? ok('data', `${dataDir} will be made`)
      : bad('data', `${dataDir} cannot be made`, `let this user write to ${parent}`);
  }
  if (!isWritable(dataDir)) return bad('data', `${dataDir} is not writable`, `chown it to the user of the gateway`);
  const open = folder.mode & 0o077;
  return open === 0 ? ok('data', dataDir) : warn('data', `others can look into ${dataDir}`, `chmod 700 ${dataDir}`);
}

function freeSpace({ dataDir, journal }: Config): Finding[] {
  const { bavail, bsize } = statfsSync(nearestFolder(dataDir));
  const free = bavail * bsize;
  const mib = `${Math.floor(free / 1_048_576)} MiB free`;
  if (free < journal.minFreeBytes)
    return [bad('disk', `${mib}, less than journal.minFreeBytes`, 'free some space: calls would be refused')];
  return free < journal.minFreeBytes * 5 ? [warn('disk', mib, 'soon too little for the journal')] : [ok('disk', mib)];
}

function nearestFolder(path: string): string {
  let folder = path;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A key that is elsewhere is no mistake: agents run on other machines. */
function keyOf(config: Config, agent: string): Finding[] {
  const file = keyFile(config.dataDir, agent);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined || (stat.mode & 0o077) === 0) return [];
  return [
    bad(
      `agent ${agent}`,
      `others may read its key ${file}`,
      `chmod 600 ${file}, and make a new one: interlock agents add ${agent} --new-key`,
    ),
  ];
}

function commands(config: Config, context: Context): Finding[] {
  return config.servers.flatMap((server) => {
    if (server.kind !== 'stdio') return [];
    const found =
      isAbsolute(server.command) || server.command.includes('/')
        ? existsSync(join(isAbsolute(server.command) ? '/' : server.cwd, server.command))
        : onPath(server.command, server.env.PATH ?? context.env.PATH ?? '');
    return [
      found
        ? ok(`server ${server.id}`, server.command)
        : bad(`server ${server.id}`, `there is no command "${server.command}"`, 'install it, or give its full path'),
    ];
  });
}

function onPath(command: string, path: string): boolean {
  return path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, command)));
}

function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail, help: '' };
}
function warn(check: string, detail: string, help: string): Finding {
  return { check, state: 'warn', detail, help };
}
function bad(check: string, detail: string, help: string): Finding {
  return { check, state: 'bad', detail, help };
}
