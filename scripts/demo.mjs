// `npm run demo` on a fresh clone: any Node from 20 on starts this file, Node 24 from node_modules runs the demo.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] };

const [major] = process.versions.node.split('.').map(Number);
if (major < 20) {
  process.stderr.write(`The demo needs Node 20 or later to begin with; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}

function run(what, command, args, options) {
  const { status, error } = spawnSync(command, args, options);
  if (status === 0) return;
  process.stderr.write(`${what} failed${error === undefined ? '' : `: ${error.message}`}\n`);
  process.exit(status ?? 1);
}

/** npm writes its own record of what it installed; older than the lock file means the installation is not what is locked. */
function installed() {
  const record = join(root, 'node_modules/.package-lock.json');
  const lock = join(root, 'package-lock.json');
  if (!existsSync(record) || !existsSync(join(root, 'node_modules/.bin/node'))) return false;
  if (statSync(record).mtimeMs >= statSync(lock).mtimeMs) return true;
  const names = (file) => JSON.stringify(versions(JSON.parse(readFileSync(file, 'utf8')).packages));
  return names(record) === names(lock);
}

function versions(packages) {
  const optional = ([path, entry]) => path === '' || entry.optional === true;
  return Object.entries(packages)
    .filter((each) => !optional(each))
    .map(([path, entry]) => `${path}@${entry.version}`)
    .sort();
}

if (!installed()) {
  process.stderr.write('Installing dependencies (once) ...\n');
  const npm = process.env.npm_execpath;
  const [command, args] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  run('npm ci', command, [...args, 'ci', '--no-audit', '--no-fund'], quiet);
}
const node = join(root, 'node_modules/.bin/node');
process.stderr.write('Building ...\n');
run('The build', node, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  ...quiet,
  stdio: ['ignore', 2, 2],
});

const { status, signal } = spawnSync(node, [join(root, 'scripts/demo.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? (signal === 'SIGINT' ? 130 : 1));
