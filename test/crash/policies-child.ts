import type * as Fs from 'node:fs/promises';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/**
 * Writes policies, and is killed at one step: `policies-child.ts <what> <step> …`. A step is a call of the file system that changes
 * something in the folder of policies; the process ends before it is carried out. Prints the steps it took when it was not killed.
 */
const [, , what = '', at = '', dir = '', more = ''] = process.argv;
const fs = createRequire(import.meta.url)('node:fs/promises') as {
  -readonly [name in keyof typeof Fs]: (typeof Fs)[name];
};
const taken: string[] = [];
let counting = false;

function step(name: string): void {
  if (!counting) return;
  taken.push(name);
  if (taken.length === Number(at)) process.kill(process.pid, 'SIGKILL');
}

const label = (path: unknown): string => basename(String(path)).replace(/^\.interlock-[0-9a-f]+\.tmp$/, 'half');
const inFolder = (path: unknown): boolean => String(path).includes('/policies');
const { open, rename, link, unlink, mkdir } = fs;
fs.rename = (from, to) => {
  if (inFolder(to)) step(`rename ${label(to)}`);
  return rename(from, to);
};
fs.link = (from, to) => {
  if (inFolder(to)) step(`link ${label(to)}`);
  return link(from, to);
};
fs.unlink = (path) => {
  if (inFolder(path)) step(`unlink ${label(path)}`);
  return unlink(path);
};
fs.mkdir = ((path: string, options: object) => {
  if (inFolder(path)) step(`mkdir ${label(path)}`);
  return mkdir(path, options);
}) as typeof mkdir;
fs.open = async (path, flags, mode) => {
  if (inFolder(path) && flags === 'wx') step(`create ${label(path)}`);
  const file = await open(path, flags, mode);
  if (!inFolder(path)) return file;
  const write = file.writeFile.bind(file);
  const sync = file.sync.bind(file);
  file.writeFile = async (data, options) => {
    step('write the first half of a file');
    const text = String(data);
    await write(text.slice(0, text.length / 2), options);
    step('write the second half of a file');
    return write(text.slice(text.length / 2), options);
  };
  file.sync = () => {
    step(`sync ${label(path)}`);
    return sync();
  };
  return file;
};
syncBuiltinESMExports();

if (what === 'publish') {
  const { commitPending, writeOut } = await import('../../src/start/policies/write.ts');
  const pending = JSON.parse(more);
  counting = true;
  await commitPending(dir, pending);
  await writeOut(dir, pending);
} else if (what === 'recover') {
  const { readPolicyFolder } = await import('../../src/start/policies/folder.ts');
  const { writeOut } = await import('../../src/start/policies/write.ts');
  const folder = await readPolicyFolder(dir);
  counting = true;
  if (folder.ok && folder.pending !== null) await writeOut(dir, folder.pending);
} else {
  const { startGateway } = await import('../../src/main.ts');
  const gateway = await startGateway({ configPath: `${dir}/interlock.yaml`, env: process.env, watch: false });
  process.stdout.write(`${gateway.adminSocket}\n`);
  process.on('message', () => {
    counting = true;
  });
}
if (what !== 'gateway') process.stdout.write(JSON.stringify(taken));
