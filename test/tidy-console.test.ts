import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The console's own order, as a test: what it knows of the gateway, how pages are made, how large files are. */
const ROOT = resolve(import.meta.dirname, '../console/src');
const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const shipped = files.filter(({ path }) => !path.includes('.test.'));

function offenders(pattern: RegExp, among = shipped): string[] {
  return among.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

describe('the console is tidy', () => {
  it('was read', () => {
    expect(shipped.length).toBeGreaterThan(100);
  });

  it('knows the gateway by types, and by pure functions of its model', () => {
    expect(offenders(/import (?!type\b)[^;]*?from '(?:\.\.\/)+src\/(?!model\/)/)).toEqual([]);
  });

  it('makes text of whatever agents and servers say: no page is given markup, no code', () => {
    expect(
      offenders(/dangerouslySetInnerHTML|\.innerHTML\b|insertAdjacentHTML|document\.write\b|\beval\(|new Function\(/),
    ).toEqual([]);
  });

  it('asks the gateway in one place', () => {
    // Streams, downloads and the check of the log read what no JSON request can.
    const homes = /^(api|verify)\/|^pages\/live\/|\.worker\.ts$|^kit\/download\.ts$/;
    expect(offenders(/(?<![.\w])fetch\(|new EventSource\(|XMLHttpRequest/).filter((path) => !homes.test(path))).toEqual(
      [],
    );
  });

  it('keeps what is heavy out of what every page loads', () => {
    const shell = shipped.filter(({ path }) => /^(shell|api)\/|^main\.tsx$|^router\.tsx$/.test(path));
    expect(shell.length).toBeGreaterThan(8);
    expect(offenders(/from '(uplot|@xyflow|@dagrejs|@codemirror|@lezer)/, shell)).toEqual([]);
  });

  it('has files one can read: at most 400 lines', () => {
    expect(shipped.filter(({ text }) => text.split('\n').length > 400).map(({ path }) => path)).toEqual([]);
  });

  it('leaves nothing for later', () => {
    expect(offenders(/\b(TODO|FIXME|XXX)\b|console\.(log|error|warn)\(|\.(only|skip)\(/, files)).toEqual([]);
  });
});
