import { systemClock } from '../../src/adapters/clock.ts';
import { webhookChannel } from '../../src/adapters/notify/webhook.ts';
import { openSqlite } from '../../src/adapters/sql/sqlite.ts';
import { openWeb } from '../../src/adapters/web.ts';
import { NoticeOutbox } from '../../src/approvals/delivery/outbox.ts';

/** A gateway, as far as its messages are concerned: sends what is due until somebody ends it. */
const { path, url, leaseMs } = JSON.parse(process.argv[2] as string) as { path: string; url: string; leaseMs: number };
const stores = await openSqlite({ path, clock: systemClock });
const web = openWeb({ trusted: () => [url] });
const webhook = webhookChannel({ url, secret: Buffer.alloc(32, 1), web: web.fetch, clock: systemClock });
const outbox = new NoticeOutbox({
  ...{ notices: stores.notices, replay: stores.replay, clock: systemClock, leaseMs, everyMs: 50 },
  approvals: { get: (id) => stores.approvals.get(id), mayAnswer: () => ({ ok: true }) },
  person: () => undefined,
  waitingFor: async () => ({ count: 1, more: false }),
  channels: () => ({ webhook }),
  origin: () => 'https://gw.example',
  perTenMinutes: () => 10,
  onError: () => {},
});
await outbox.deliver();
