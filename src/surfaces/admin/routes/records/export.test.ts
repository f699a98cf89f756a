import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { intentOf, OK } from '../../../../../test/crash/fixture.ts';
import { systemClock } from '../../../../adapters/clock.ts';
import { adminApp } from '../../server.ts';
import { csvRow, exportRoute } from './export.ts';
import type { RecordOperations } from './operations.ts';

describe('exports', () => {
  it('are few at once, and one that is given up leaves its place', async () => {
    const search = (): Promise<never> => new Promise(() => {});
    const app = adminApp({
      routes: [(scope) => exportRoute(scope, { search } as unknown as RecordOperations)],
      idempotency: { store: {} as never, clock: systemClock },
      audience: { prefix: '', sessionCookie: null },
    });
    const origin = await app.listen({ port: 0, host: '127.0.0.1' });
    const begun: AbortController[] = [];
    const begin = async (): Promise<number | null> => {
      const end = new AbortController();
      begun.push(end);
      // One under way has sent nothing yet.
      const answer = fetch(`${origin}/v1/records/export`, { signal: end.signal }).then(({ status }) => status);
      return Promise.race([answer.catch(() => null), sleep(150).then(() => null)]);
    };
    expect([await begin(), await begin(), await begin()]).toEqual([null, null, 503]);
    begun[0]?.abort();
    await sleep(100);
    expect([await begin(), await begin()]).toEqual([null, 503]);
    for (const each of begun) each.abort();
    await app.close();
  });
});

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
