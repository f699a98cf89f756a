#!/usr/bin/env node
// Nothing is imported before this check: on an older Node the imports themselves would fail with a riddle.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `interlock needs Node 24 or later; this is Node ${process.versions.node} (${process.execPath}).\n` +
      'Install it from https://nodejs.org, or, in a clone of the project, use: npm run interlock -- <command>\n',
  );
  process.exit(1);
}
const { run } = await import('./program.ts');
process.exitCode = await run(process.argv.slice(2));

export {};
