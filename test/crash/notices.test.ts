import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { planNotices } from '../../src/approvals/delivery/plan.ts';
import { until } from '../cases/house.ts';
import { ALONE } from '../contract/approval-row.ts';
import { request, webServer } from '../notify/fixtures.ts';

const CHILD = fileURLToPath(new URL('./notices-child.ts', import.meta.url));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('a gateway that dies while it sends a message', () => {
  it.each([1, 3])('loses none: it is sent again, the same one, after %i deaths', async (deaths) => {
    const dir = mkdtempSync(join(tmpdir(), 'interlock-notices-'));
    const path = join(dir, 'store.db');
    const stores = await openSqlite({ path, clock: systemClock });
    const children: ChildProcess[] = [];
    // It has the message; whoever sent it never hears so.
    const server = await webServer(() => {
      if (server.got.length <= deaths) {
        children.at(-1)?.kill('SIGKILL');
        return null;
      }
      return { status: 204 };
    });
    closing.push(
      () => server.stop(),
      () => stores.close(),
      () => rmSync(dir, { recursive: true, force: true }),
    );
    const nowMs = systemClock.nowMs();
    const row = request('r1', { requestedAtMs: nowMs, expiresAtMs: nowMs + 600_000 });
    const settings = { email: false, slack: false, slackChannel: false, webPush: false, webhook: true };
    const notices = planNotices({ row, kind: 'asked', nowMs }, [], {
      ...settings,
      ...{ isSubscribed: () => false, quietUntilMs: () => null },
    });
    await stores.approvals.requestOrJoin(row, { ...ALONE, notices });

    const start = (leaseMs: number): ChildProcess => {
      const argument = JSON.stringify({ path, url: `${server.url}/in`, leaseMs });
      const child = fork(CHILD, [argument], { execArgv: ['--disable-warning=ExperimentalWarning'], stdio: 'inherit' });
      children.push(child);
      return child;
    };
    for (let death = 0; death < deaths; death++) await once(start(300), 'exit');
    const [before] = await stores.notices.of('r1');
    expect(before).toMatchObject({ state: 'waiting', sentAtMs: null });
    // Time enough to say that it arrived, however slow the machine is.
    const last = start(60_000);
    await until(async () => (await stores.notices.of('r1'))[0]?.state === 'sent', 30_000);
    last.kill('SIGKILL');
    expect(server.got).toHaveLength(deaths + 1);
    expect(new Set(server.got.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([notices[0]?.id]));
    expect((await stores.notices.of('r1'))[0]).toMatchObject({ attempts: deaths + 1, error: null });
  });
});
