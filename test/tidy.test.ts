import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The structure of the house, as a test: import direction, sizes, banned calls. Reads the sources itself, so that no tool that
 * finds "0 modules, no violations" can be believed: the last test asserts how much was read.
 */
const ROOT = resolve(import.meta.dirname, '..');
const SRC = join(ROOT, 'src');

interface Module {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly string[];
}

function walk(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });
}

const modules: readonly Module[] = walk(SRC)
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const imports = [
      ...text.matchAll(/(?:^|\n)\s*(?:import|export)[^;]*?from '([^']+)'/g),
      ...text.matchAll(/import\('([^']+)'\)/g),
    ]
      .map((match) => match[1]!)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(SRC, resolve(dirname(path), specifier)));
    return { path: relative(SRC, path), text, lines: text.split('\n').length, imports };
  });

const production = modules.filter((module) => !module.path.endsWith('.test.ts'));
const DOMAINS = [
  'policy',
  'approvals',
  'audit',
  'credentials',
  'identity',
  'inventory',
  'revocation',
  'rights',
  'config',
];

function room(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path;
}

/** Which rooms a room may import from. `main.ts` and `start` put everything together; the CLI is a second entry. */
function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  if (from === 'main.ts' || from === 'start' || from === 'cli') return true;
  if (to === 'model') return true;
  if (from === 'model') return false;
  // What tool authors import: whatever it used would come with it.
  if (from === 'verify') return false;
  if (to === 'ports') return true;
  if (from === 'ports') return false;
  if (from === 'adapters' || DOMAINS.includes(from)) return false;
  if (from === 'oauth') return to === 'identity';
  if (from === 'gateway') return DOMAINS.includes(to) && to !== 'config';
  if (from === 'surfaces') return to === 'gateway' || to === 'oauth' || (DOMAINS.includes(to) && to !== 'config');
  return false;
}

/** Calls with one home. Each row: what, where it may stand, what to use instead. */
const BANNED: readonly { readonly pattern: RegExp; readonly home: RegExp; readonly instead: string }[] = [
  {
    pattern: /\bDate\.now\(|\bperformance\.now\(|new Date\(\)|\bprocess\.hrtime/,
    home: /^(adapters|verify)\/clock\.ts$/,
    instead: 'take the Clock port',
  },
  { pattern: /(?<![.\w])fetch\(/, home: /^$/, instead: 'undici in an adapter' },
  { pattern: /from 'undici'/, home: /^(adapters|cli)\//, instead: 'an adapter behind a port' },
  { pattern: /\bMath\.random\(/, home: /^adapters\//, instead: 'node:crypto' },
  { pattern: /\bconsole\.(log|error|warn)\(/, home: /^cli\//, instead: 'the log' },
  { pattern: /\beval\(|new Function\(/, home: /^$/, instead: 'closures' },
  { pattern: /\.(only|skip|todo)\(/, home: /^$/, instead: 'a test that runs' },
  { pattern: /\b(TODO|FIXME|XXX)\b/, home: /^$/, instead: 'doing it' },
  { pattern: /export default/, home: /^$/, instead: 'a named export' },
];

describe('the house is tidy', () => {
  it('imports run one way', () => {
    const wrong = production.flatMap((module) =>
      module.imports.filter((to) => !mayImport(room(module.path), room(to))).map((to) => `${module.path} -> ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('only the composition knows which adapters run', () => {
    const wrong = production.filter(
      (module) =>
        !/^(main\.ts|start\/|cli\/|adapters\/)/.test(module.path) &&
        module.imports.some((to) => to.startsWith('adapters/')),
    );
    expect(wrong.map((module) => module.path)).toEqual([]);
  });

  it('no file is longer than 500 lines, the path itself at most 120', () => {
    expect(
      production.filter((module) => module.lines > 500).map((module) => `${module.path}: ${module.lines}`),
    ).toEqual([]);
    expect(modules.find((module) => module.path === 'gateway/call.ts')!.lines).toBeLessThanOrEqual(121);
  });

  it('no function is longer than 70 lines', () => {
    expect(production.flatMap((module) => longFunctions(module))).toEqual([]);
  });

  it('no folder holds more than eight modules', () => {
    const folders = new Map<string, number>();
    for (const module of production) folders.set(dirname(module.path), (folders.get(dirname(module.path)) ?? 0) + 1);
    expect([...folders].filter(([folder, count]) => count > 8 && !['model', 'ports'].includes(folder))).toEqual([]);
  });

  it('no catch-all rooms', () => {
    expect(
      modules
        .filter((module) => /(^|\/)(utils?|helpers?|managers?|services?|common|misc)(\/|\.ts$)/.test(module.path))
        .map((m) => m.path),
    ).toEqual([]);
  });

  it.each(BANNED.map((row) => [row.pattern.source, row] as const))('%s stands only where it belongs', (_name, row) => {
    const wrong = production.filter(
      (module) => !row.home.test(module.path) && row.pattern.test(withoutComments(module.text)),
    );
    expect(wrong.map((module) => `${module.path}: use ${row.instead}`)).toEqual([]);
  });

  it('only the journal makes permits, and every send spends one', () => {
    const makers = production.filter((module) => /mintPermit\(/.test(module.text)).map((module) => module.path);
    expect(makers.every((path) => path.startsWith('audit/'))).toBe(true);
    // Adapters ask a server which eras it speaks with a constant frame; nothing an agent said is in it.
    const outside = production.filter((module) => !module.path.startsWith('adapters/'));
    const senders = outside.filter((module) => /link\.request\(/.test(module.text)).map((module) => module.path);
    expect(senders.length).toBeGreaterThan(2);
    const unspent = senders.filter((path) => !/permit\??\.spend\(\)/.test(modules.find((m) => m.path === path)!.text));
    expect(unspent).toEqual([]);
  });

  it('has looked: it read every module there is', () => {
    expect(production.length).toBeGreaterThan(120);
    expect(production.flatMap((module) => module.imports).length).toBeGreaterThan(400);
  });
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Functions as this code base writes them: a line that opens a body, closed at the same indentation. */
function longFunctions(module: Module): string[] {
  const found: string[] = [];
  const lines = module.text.split('\n');
  for (let start = 0; start < lines.length; start++) {
    const open =
      /^(\s*)(?:export )?(?:async )?(?:function\*? |(?:static |private |readonly |get |set |async |\*)*[#\w]+\(|const \w+ = (?:async )?\().*\{$/.exec(
        lines[start]!,
      );
    if (open === null || /^\s*(if|for|while|switch|return)\b/.test(lines[start]!)) continue;
    const end = lines.findIndex((line, i) => i > start && new RegExp(`^${open[1]}\\}`).test(line));
    if (end - start > 70) found.push(`${module.path}:${start + 1} ${end - start} lines`);
  }
  return found;
}
