#!/usr/bin/env node
/** `npm test`: installs, checks, builds, and runs every test. Arguments go to the test runner. */
import { build, install, run, systemPackages } from './setup.mjs';

install();
systemPackages(['strace', 'chromium', 'glewlwyd']);
const steps = [
  ['types', 'tsc', ['-p', 'tsconfig.json']],
  ['types of the console', 'tsc', ['-p', 'console/tsconfig.json']],
  ['format', 'biome', ['ci', '--log-level=warn', '--colors=off', 'src', 'test', 'scripts', 'examples', 'console']],
  ['lint', 'oxlint', ['--quiet', 'src', 'test', 'scripts', 'examples', 'console/src']],
];
const only = process.argv.slice(2);
if (only.length === 0) {
  for (const [name, command, args] of steps) {
    process.stdout.write(`— ${name}\n`);
    if (run(command, args) !== 0) process.exit(1);
  }
}
build();
process.exit(run('vitest', ['run', ...only]));
