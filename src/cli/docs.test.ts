import { readFileSync } from 'node:fs';
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
    expect(missing).toEqual([]);
  });
});
