import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What a browser loads before it shows anything (requirement OB5): made by `npm test` before the tests run. */
const DIST = resolve(import.meta.dirname, '../../console/dist');
const MAX_ENTRY_BYTES = 250_000;

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

type Manifest = Readonly<Record<string, Chunk>>;

function manifest(): Manifest {
  const path = join(DIST, '.vite/manifest.json');
  if (!existsSync(path)) throw new Error('the console is not built: npm run build');
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** The chunk and everything it imports at once. */
function closure(chunks: Manifest, key: string, seen = new Set<string>()): Set<string> {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of chunks[key]?.imports ?? []) closure(chunks, next, seen);
  return seen;
}

function compressedBytes(chunks: Manifest, keys: Iterable<string>): number {
  return [...keys].map((key) => statSync(join(DIST, `${chunks[key]!.file}.gz`)).size).reduce((a, b) => a + b, 0);
}

describe('the console’s code (OB5)', () => {
  it('is at most 250 kB compressed before the first page, pages apart', () => {
    const chunks = manifest();
    const entry = Object.keys(chunks).find((key) => chunks[key]!.isEntry === true)!;
    const first = closure(chunks, entry);
    expect(first.size).toBeGreaterThan(0);
    expect(compressedBytes(chunks, first)).toBeLessThan(MAX_ENTRY_BYTES);
    // Every page is a chunk of its own, and what only some pages need is not in the first load.
    const pages = (chunks[entry]!.dynamicImports ?? []).filter((key) => key.startsWith('src/pages/'));
    expect(pages.length).toBeGreaterThan(20);
    for (const page of pages) expect(first.has(page)).toBe(false);
  });

  it('runs under a policy without inline scripts: none is in the page', () => {
    const page = readFileSync(join(DIST, 'index.html'), 'utf8');
    const scripts = [...page.matchAll(/<script\b([^>]*)>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [, attributes, text] of scripts) {
      expect(attributes).toMatch(/ src="\/console\/assets\//);
      expect(text).toBe('');
    }
    expect(page).not.toMatch(/\son[a-z]+=/);
    for (const name of readdirSync(join(DIST, 'assets')).filter((file) => file.endsWith('.js')))
      expect(readFileSync(join(DIST, 'assets', name), 'utf8')).not.toMatch(/\bnew Function\(|[^.\w]eval\(/);
  });
});
