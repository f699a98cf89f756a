import type { LockEffect, LockPreview } from '../../model/insight/agents.ts';
import { formatTarget, type LockTarget, type Tier } from '../../model/lock.ts';
import { adminClient } from '../operate/admin-client.ts';
import type { Place } from '../operate/locate.ts';
import type { Context } from '../shell/context.ts';

/** What an order would cut and what not. Only a running gateway knows. */
export async function showPreview(
  context: Context,
  place: Place,
  order: { readonly target: LockTarget; readonly tier: Tier },
): Promise<void> {
  const body = { target: formatTarget(order.target), tier: order.tier };
  const plan = await adminClient({ socket: place.socket }).post<LockPreview>('/v1/locks/preview', body);
  const { terminal } = context;
  terminal.value(plan);
  const rows = (of: string, effects: readonly LockEffect[]) =>
    effects.map(({ kind, count, text, examples }) => [of, kind, count, `${text}${namesOf(count, examples)}`]);
  if (plan.existing !== null) terminal.line(`there is a lock on it already: ${plan.existing.tier}`, 'warn');
  terminal.table(['', 'what', 'count', 'how'], [...rows('cuts', plan.cuts), ...rows('spares', plan.spares)]);
  if (plan.cuts.length === 0) terminal.line('nothing would be cut');
  terminal.line('nothing was changed', 'dim');
}

function namesOf(count: number, examples: readonly string[]): string {
  if (examples.length === 0) return '';
  return ` (${examples.join('; ')}${count > examples.length ? '; …' : ''})`;
}
