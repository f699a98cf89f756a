import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Requirements = '2025-11-25' | '2026-07-28';
export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';

export interface Check {
  readonly scenario: string;
  /** Id and name of the check, and which of its occurrences in the scenario this is. */
  readonly key: string;
  readonly status: Status;
  readonly message: string;
}

const TOOL = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

/** Runs one requirement set of the official conformance tool against a server and returns every check of every scenario. */
export async function runConformance(url: string, requirements: Requirements): Promise<readonly Check[]> {
  const folder = await mkdtemp(join(tmpdir(), 'interlock-conformance-'));
  try {
    const args = [TOOL, 'server', '--url', url, '--requirements', requirements, '-o', folder];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output = (output + chunk).slice(-4_000)));
    await once(child, 'close');
    const checks = await readResults(folder);
    // The tool exits 1 for a failed check and for a failure of its own: only the summary tells them apart.
    if (!output.includes('=== SUMMARY ===') || checks.length === 0)
      throw new Error(`the conformance tool did not finish:\n${output}`);
    return checks;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folders are called server-<scenario>-<time>. */
const FOLDER = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/;

interface RawCheck {
  readonly id: string;
  readonly name: string;
  readonly status: Status;
  readonly errorMessage?: string;
}

async function readResults(folder: string): Promise<Check[]> {
  const all: Check[] = [];
  for (const entry of (await readdir(folder)).sort()) {
    const scenario = FOLDER.exec(entry)?.[1];
    if (scenario === undefined) continue;
    all.push(...numbered(scenario, await readChecks(join(folder, entry, 'checks.json'))));
  }
  return all;
}

/** A scenario that threw leaves its folder empty. */
async function readChecks(path: string): Promise<RawCheck[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RawCheck[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [{ id: 'scenario', name: 'Crashed', status: 'FAILURE', errorMessage: 'the scenario threw' }];
  }
}

/** A scenario repeats an id for each of its cases: the name and the position tell them apart. */
export function numbered(scenario: string, raw: readonly RawCheck[]): Check[] {
  const times = new Map<string, number>();
  return raw.map(({ id, name, status, errorMessage = '' }) => {
    const label = `${id} ${name}`;
    const n = (times.get(label) ?? 0) + 1;
    times.set(label, n);
    return { scenario, key: n === 1 ? label : `${label} #${n}`, status, message: errorMessage };
  });
}
