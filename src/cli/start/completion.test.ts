import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../program.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'il-completion-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const scripts: Record<string, string> = {};

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const write = process.stdout.write;
    let out = '';
    process.stdout.write = ((text: string) => ((out += text), true)) as typeof write;
    await run(['completion', shell]).finally(() => (process.stdout.write = write));
    scripts[shell] = out;
    writeFileSync(join(dir, `completion.${shell}`), out);
  }
  mkdirSync(join(dir, 'policies'));
  const agent =
    'name: B, owner: alice, purpose: p, archetype: saas, riskTier: low, staticToken: { sha256: ' +
    'a'.repeat(64) +
    ' }';
  writeFileSync(
    join(dir, 'interlock.yaml'),
    `people: { alice: { name: A } }\nagents: { buyer: { ${agent} } }\nservers: { crm: { url: "https://crm" }, files: { command: x } }\ndevelopment: { allowStaticTokens: true }\n`,
  );
  writeFileSync(join(dir, 'interlock'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
});

/** What bash would offer for the words of a command line, the last one being typed. */
function offered(...words: string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `source ./completion.bash; COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _interlock; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['--norc', '-c', script], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: `${dir}:${process.env.PATH}`, HOME: dir },
  });
  expect(ran.stderr).toBe('');
  return ran.stdout.split('\n').filter((word) => word !== '');
}

describe('shell completion', { timeout: 60_000 }, () => {
  it('is a script that bash understands', () => {
    expect(spawnSync('bash', ['-n', join(dir, 'completion.bash')], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('offers commands, subcommands and options, but nothing hidden', () => {
    expect(offered('interlock', 'a').toSorted()).toEqual(['agents', 'api', 'approvals']);
    expect(offered('interlock', 'approvals', '')).toEqual(expect.arrayContaining(['list', 'show', 'approve', 'deny']));
    expect(offered('interlock', 'kill', '--re')).toEqual(['--reason']);
    expect(offered('interlock', '')).not.toContain('__complete');
    expect(offered('interlock', '')).not.toContain('schema');
  });

  it('offers the names of the configuration', () => {
    expect(offered('interlock', 'kill', 'age')).toEqual(['agent:buyer']);
    expect(offered('interlock', 'servers', 'diff', '')).toEqual(expect.arrayContaining(['crm', 'files']));
    expect(offered('interlock', 'stdio', 'crm', '--agent', '')).toEqual(['buyer']);
    expect(offered('interlock', 'agents', 'add', 'x', '--owner', '')).toEqual(['alice']);
  });

  it('is silent when there is no configuration', () => {
    expect(offered('interlock', 'servers', 'diff', '--config', '/nowhere.yaml', 'c')).toEqual([]);
  });

  it('knows the same commands for zsh and fish', () => {
    for (const shell of ['zsh', 'fish'])
      for (const word of ['approvals', 'checkpoint', '__complete targets', 'accept'])
        expect(scripts[shell], shell).toContain(word.replace('__complete targets', 'targets'));
    expect(scripts.fish).toMatch(/^complete -c interlock -f$/m);
    // Every line of the fish script is one complete command with balanced quotes.
    for (const line of (scripts.fish ?? '').trim().split('\n'))
      expect((line.replace(/\\'/g, '').match(/'/g) ?? []).length % 2, line).toBe(0);
  });
});
