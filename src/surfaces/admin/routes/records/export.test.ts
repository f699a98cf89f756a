import { describe, expect, it } from 'vitest';
import { intentOf, OK } from '../../../../../test/crash/fixture.ts';
import { csvRow } from './export.ts';

describe('a row of an exported table', () => {
  const time = '2026-08-31T12:00:00.000Z';

  it('is no formula in any spreadsheet, whatever an agent wrote', () => {
    for (const target of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1+1', '=cmd|"/c calc"!A1']) {
      const row = csvRow({ seq: 1, time, record: { ...intentOf('c'), target } });
      expect(row).not.toMatch(/(^|,)"?[=+\-@\t\r＝]/);
      expect(row).toContain(`'${target.replaceAll('"', '""')}`);
    }
  });

  it('has quotes where it needs them, and the same columns for every kind of record', () => {
    const call = csvRow({ seq: 1, time, record: { ...intentOf('c', { note: 'a,"b"\nc' }), agent: 'a,b' } });
    expect(call).toContain(',"a,b",');
    expect(call).toContain('"{""note"":""a,\\""b\\""\\nc""}"');
    const outcome = csvRow({ seq: 2, time, record: { type: 'outcome', call: 'c', ...OK } });
    const act = csvRow({ seq: 3, time, record: { type: 'admin', act: 'x', by: 'b', reason: 'r', detail: 1 } });
    expect(outcome.split(',')).toHaveLength(17);
    expect(act.split(',')).toHaveLength(17);
  });
});
