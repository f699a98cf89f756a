import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigSchema } from '../config/schema.ts';
import { makeProgram } from './program.ts';
import { shapeOf } from './start/completion.ts';

const doc = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('the documentation', () => {
  it('knows every command', () => {
    const text = doc('cli.md');
    const commands = shapeOf(makeProgram(() => {})).filter((command) => command.path.length > 0);
    expect(commands.length).toBeGreaterThan(25);
    const parents = commands.map((command) => command.path[0]);
    for (const { path } of commands)
      expect(text, path.join(' ')).toMatch(new RegExp(`\\b${path.filter((word) => word !== 'list').join(' ')}\\b`));
    expect(new Set(parents).size).toBeGreaterThan(15);
  });

  it('names no command that does not exist', () => {
    const known = new Set(shapeOf(makeProgram(() => {})).map((command) => command.path[0]));
    const named = [
      ...doc('cli.md').matchAll(/interlock ([a-z]+)\b/g),
      ...doc('configuration.md').matchAll(/`interlock ([a-z]+)\b/g),
    ].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(12);
    expect(named.filter((name) => !known.has(name) && name !== 'schema' && name !== 'stdio')).toEqual([]);
  });

  it('knows every key of the configuration', () => {
    const text = doc('configuration.md');
    const missing: string[] = [];
    for (const [key, schema] of Object.entries(ConfigSchema.properties)) {
      if (key !== '$schema' && !text.includes(`\`${key}`)) missing.push(key);
      for (const inner of Object.keys((schema as { properties?: object }).properties ?? {}))
        if (!text.includes(inner)) missing.push(`${key}.${inner}`);
    }
    const { approvals } = ConfigSchema.properties;
    for (const key of Object.keys((approvals as unknown as { properties: object }).properties)) {
      if (!text.includes(`\`approvals.${key}`)) missing.push(`approvals.${key}`);
    }
    expect(missing).toEqual([]);
  });

  it('links to files and sections that exist', () => {
    const root = new URL('../../', import.meta.url);
    const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
    const pages = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
    const broken: string[] = [];
    for (const page of pages) {
      const here = new URL(page, root);
      const links = linksOf(readFileSync(here, 'utf8')).filter((link) => !/^[a-z]+:/.test(link));
      for (const link of links) {
        const [path = '', section] = link.split('#');
        const there = path === '' ? here : new URL(path, here);
        const known = existsSync(there) && (section === undefined || sectionsOf(there).has(section));
        if (!known) broken.push(`${page}: ${link}`);
      }
    }
    expect(pages.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });
});

const unfenced = (text: string): string => text.replace(/^```.*?^```/gms, '');

function linksOf(text: string): readonly string[] {
  return [...unfenced(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}

/** As GitHub names them: lower case, without punctuation, a hyphen for each space. */
function sectionsOf(file: URL): ReadonlySet<string> {
  const titles = [...unfenced(readFileSync(file, 'utf8')).matchAll(/^#+ (.+)$/gm)].map((match) => match[1]!);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
