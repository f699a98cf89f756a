#!/usr/bin/env node
/**
 * Installs what the project needs and nothing else, from its own files. Runs on whatever Node starts it (20 or later) and uses no
 * dependency, because there are none yet. Node 24 comes as an npm package.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');

/** The environment in which every command runs: the project's Node first. */
export const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };

export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, ...options });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/**
 * Installs exactly what the lock file says, once per lock file: a stamp in node_modules says which one was installed. Not `npm ci`:
 * it refuses a lock file that does not list the optional binaries of every platform, and registries do not carry all of them.
 */
export function install() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20)
    fail(
      `Interlock's scripts need Node 20 or later to start; this is ${process.version}. Install a newer Node and run this again.`,
    );
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.interlock-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('Installing dependencies (once; Node 24 among them)…\n');
  const status = run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 2, 2],
    env: process.env,
  });
  if (status !== 0) fail('npm install failed; see above.');
  writeFileSync(stamp, lock);
}

/** The gateway, and the console it serves. */
export function build() {
  const quiet = { stdio: ['ignore', 2, 2] };
  if (run('tsc', ['-p', 'tsconfig.build.json'], quiet) !== 0) fail('The build failed; see above.');
  if (run('vite', ['build', 'console', '--logLevel', 'warn'], quiet) !== 0)
    fail('The build of the console failed; see above.');
}

/** Debian packages that single tests use. Left out, and said, where they cannot be installed. */
export function systemPackages(names) {
  const missing = names.filter((name) => spawnSync('which', [name], { stdio: 'ignore' }).status !== 0);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || spawnSync('which', ['apt-get'], { stdio: 'ignore' }).status !== 0) {
    process.stderr.write(
      `Not installed and not installable by this user: ${missing.join(', ')}. The tests that need them say so.\n`,
    );
    return;
  }
  process.stderr.write(`Installing Debian packages: ${missing.join(', ')}…\n`);
  const quiet = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  if (
    run('apt-get', ['update', '-qq'], quiet) !== 0 ||
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], quiet) !== 0
  ) {
    process.stderr.write(`Could not install ${missing.join(', ')}. The tests that need them say so.\n`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  install();
  build();
}
