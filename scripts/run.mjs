#!/usr/bin/env node
/** Runs one of the project's TypeScript scripts under its own Node, installing first: `node scripts/run.mjs demo -- --once`. */
import { join } from 'node:path';
import { build, install, root, run } from './setup.mjs';

const [name, ...rest] = process.argv.slice(2);
install();
build();
const args = rest[0] === '--' ? rest.slice(1) : rest;
process.exit(run('node', ['--disable-warning=ExperimentalWarning', join(root, 'scripts', `${name}.ts`), ...args]));
