import { describe, expect, it } from 'vitest';
import { BROKEN, compare, table } from './compare.ts';
import { type Check, numbered, type Status } from './run.ts';

function checks(scenario: string, ...statuses: readonly (readonly [string, Status])[]): Check[] {
  return statuses.map(([key, status]) => ({ scenario, key, status, message: '' }));
}

const kindOf = (direct: readonly Check[], through: readonly Check[], rules = {}) =>
  compare(direct, through, rules).map(({ kind, key }) => `${kind} ${key}`);

describe('the comparison of two conformance runs', () => {
  it.each([
    ['SUCCESS', 'SUCCESS', []],
    ['SUCCESS', 'FAILURE', ['lost a']],
    ['SUCCESS', 'WARNING', ['lost a']],
    ['SUCCESS', 'SKIPPED', ['lost a']],
    ['SUCCESS', 'INFO', ['weaker a']],
    ['WARNING', 'FAILURE', ['worse a']],
    ['SKIPPED', 'FAILURE', ['worse a']],
    ['FAILURE', 'FAILURE', []],
    ['FAILURE', 'WARNING', []],
    ['FAILURE', 'SUCCESS', ['gained a']],
    ['INFO', 'SUCCESS', []],
  ] as const)('directly %s, through the gateway %s: %j', (direct, through, wanted) => {
    expect(kindOf(checks('s', ['a', direct]), checks('s', ['a', through]))).toEqual(wanted);
  });

  it('misses a check that did not come through the gateway', () => {
    expect(kindOf(checks('s', ['a', 'SUCCESS']), [])).toEqual(['lost a']);
  });

  it('minds a failure that is new, unless the scenario had already failed before it got there', () => {
    const through = checks('s', ['b', 'FAILURE']);
    expect(kindOf([], through)).toEqual(['worse b']);
    expect(kindOf(checks('s', ['a', 'FAILURE']), through)).toEqual([]);
    expect(kindOf(checks('other', ['a', 'FAILURE']), through)).toEqual(['worse b']);
  });

  it('demands what must pass whatever the server does', () => {
    const failing = checks('s', ['a', 'FAILURE']);
    expect(kindOf(failing, failing, { demanded: ['s'] })).toEqual(['demanded a']);
    expect(kindOf(failing, checks('s', ['a', 'SUCCESS']), { demanded: ['s'] })).toEqual(['gained a']);
  });

  it('sets aside what passed only because the tool was missing', () => {
    const direct = checks('s', ['a', 'SUCCESS']);
    const through = checks('s', ['a', 'FAILURE']);
    const findings = compare(direct, through, { vacuous: ['s'] });
    expect(findings.map(({ kind }) => kind)).toEqual(['vacuous']);
    expect(findings.some(({ kind }) => BROKEN.has(kind))).toBe(false);
  });

  it('tells the cases of one check apart by their names and their order', () => {
    const raw = (status: Status, name: string) => ({ id: 'reject', name, status });
    const keys = numbered('s', [raw('SUCCESS', 'A'), raw('FAILURE', 'A'), raw('SUCCESS', 'B')]).map(({ key }) => key);
    expect(keys).toEqual(['reject A', 'reject A #2', 'reject B']);
  });

  it('prints a line for each scenario and one for each finding that matters', () => {
    const direct = [...checks('one', ['a', 'SUCCESS'], ['b', 'INFO']), ...checks('two', ['a', 'FAILURE'])];
    const through = [...checks('one', ['a', 'FAILURE']), ...checks('two', ['a', 'SUCCESS'])];
    expect(table(direct, through, compare(direct, through)).split('\n')).toEqual([
      'scenario   direct  gateway',
      'one           1/1      0/1  lost',
      'two           0/1      1/1  gained',
      'lost: one: a: SUCCESS -> FAILURE',
    ]);
  });
});
