import { systemClock } from '../../adapters/clock.ts';
import { standingWords } from '../../approvals/standing/words.ts';
import type { Standing } from '../../model/approval.ts';
import { everyItem } from '../operate/admin-client.ts';
import type { Context } from '../shell/context.ts';
import { formatDuration } from '../shell/text.ts';
import { type Order, openClient, orderOf } from './client.ts';

export async function listStanding(context: Context): Promise<void> {
  const client = await openClient(context);
  const standing = await everyItem<Standing>(client, '/v1/standing');
  const nowMs = systemClock.nowMs();
  context.terminal.value({ items: standing });
  if (standing.length === 0) return context.terminal.line('nothing is let through without asking');
  context.terminal.table(
    ['id', 'state', 'left', 'signed by', 'what is let through'],
    standing.map((each) => {
      const over = each.notAfterMs <= nowMs;
      const state = each.state === 'active' && over ? 'ended' : each.state;
      return [
        each.id,
        { text: state, tone: state === 'active' ? 'good' : 'dim' },
        over ? null : formatDuration(each.notAfterMs - nowMs),
        each.signers.join(', '),
        standingWords(each),
      ];
    }),
  );
}

export async function revokeStanding(context: Context, id: string, options: Order): Promise<void> {
  const order = orderOf(options);
  const client = await openClient(context);
  await client.delete(`/v1/standing/${encodeURIComponent(id)}?${new URLSearchParams({ ...order })}`);
  context.terminal.value({ revoked: id, ...order });
  context.terminal.line(`revoked: ${id}`, 'good');
}
