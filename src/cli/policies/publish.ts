import type { PoliciesInForce, PolicyVersion, Shadow } from '../../model/insight/policies.ts';
import { gateway, query, type WhoOptions, who } from '../registry/orders.ts';
import type { Context } from '../shell/context.ts';
import { draftOf } from './sets.ts';
import { shadowLines } from './shown.ts';

export async function publish(
  context: Context,
  id: string,
  options: WhoOptions & { readonly base?: string },
): Promise<void> {
  const client = await gateway(context, { long: true });
  const { revision, base } = await draftOf(client, id);
  const order = { draft: id, revision, base: options.base ?? base, ...who(options) };
  inForce(context, await client.post<PolicyVersion>('/v1/policies/publish', order));
}

export async function rollback(context: Context, version: string, options: WhoOptions): Promise<void> {
  const client = await gateway(context, { long: true });
  inForce(context, await client.post<PolicyVersion>('/v1/policies/rollback', { version, ...who(options) }));
}

function inForce({ terminal }: Context, published: PolicyVersion): void {
  terminal.value(published);
  terminal.line(`in force: policies ${published.version}`, 'good');
}

export async function beginShadow(context: Context, draft: string, options: WhoOptions): Promise<void> {
  const client = await gateway(context, { long: true });
  const shadow = await client.post<Shadow>('/v1/policies/shadow', { draft, ...who(options) });
  context.terminal.value(shadow);
  context.terminal.line(`the draft ${draft} decides every call once more from now on, and is only counted`, 'good');
}

export async function endShadow(context: Context, options: WhoOptions): Promise<void> {
  const client = await gateway(context);
  const { shadow } = await client.get<PoliciesInForce>('/v1/policies');
  await client.delete(`/v1/policies/shadow${query(who(options))}`);
  context.terminal.value({ ended: true, shadow });
  if (shadow !== null) for (const line of shadowLines(shadow)) context.terminal.line(line);
  context.terminal.line('ended', 'good');
}
