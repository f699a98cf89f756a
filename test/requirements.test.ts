import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** docs/requirements.md claims; this checks that every claim has a test that names it. */
const ROOT = resolve(import.meta.dirname, '..');
const rows = readFileSync(join(ROOT, 'docs', 'requirements.md'), 'utf8')
  .split('\n')
  .map((line) => /^\| ([A-Z]{2}\d) \| (.+?) \| (done|part|no)\b[^|]*\|(.*)\|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, , state, tests]) => ({
    id: id!,
    state: state!,
    tests: [...tests!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!),
  }));

describe('the requirements table', () => {
  it('was read whole', () => {
    expect(rows.length).toBe(43);
    expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  });

  it.each(rows.filter((row) => row.state !== 'no'))('$id is proven by tests that exist', ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const test of tests) expect([test, existsSync(join(ROOT, test))]).toEqual([test, true]);
  });

  it.each(rows.filter((row) => row.state === 'done'))('$id is cited by a test that proves it', ({ id, tests }) => {
    expect(tests.some((test) => readFileSync(join(ROOT, test), 'utf8').includes(id))).toBe(true);
  });
});
