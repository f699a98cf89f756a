import type { Page } from '../../model/insight/page.ts';
import type { PoliciesInForce, PolicyDraft, PolicyDraftHead } from '../../model/insight/policies.ts';
import { gateway, query, type WhoOptions, who } from '../registry/orders.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import { isoTime } from '../shell/text.ts';
import { draftOf, draftPath, filesOf } from './sets.ts';

export async function listDrafts(context: Context, all: boolean): Promise<void> {
  const state = all ? undefined : 'open';
  const client = await gateway(context);
  const page = await client.get<Page<PolicyDraftHead>>(`/v1/policies/drafts${query({ state, limit: 200 })}`);
  context.terminal.value(page);
  if (page.items.length === 0) return context.terminal.line(all ? 'no drafts' : 'no open drafts');
  context.terminal.table(
    ['draft', 'state', 'revision', 'changed', 'by', 'title'],
    page.items.map(({ id, state: is, revision, updatedAtMs, updatedBy, title }) => [
      ...[id, is, revision, isoTime(updatedAtMs), updatedBy, title],
    ]),
  );
}

export async function showDraft(context: Context, id: string): Promise<void> {
  const draft = await draftOf(await gateway(context), id);
  const { terminal } = context;
  terminal.value(draft);
  terminal.line(`${draft.title} (${draft.id}, ${draft.state}, revision ${draft.revision})`, 'strong');
  terminal.line(`by ${draft.author}, saved by ${draft.editors.join(', ')}; on top of ${draft.base}`);
  for (const { path, text } of draft.files) {
    terminal.line(`// ${path}`, 'strong');
    terminal.line(text.replace(/\n$/, ''));
  }
}

export async function createDraft(
  context: Context,
  title: string,
  options: { readonly from?: string; readonly by?: string },
): Promise<void> {
  const client = await gateway(context);
  const files = options.from === undefined ? undefined : await filesOf(client, options.from);
  const body = { title, files, by: operatorName(options.by) };
  const draft = await client.post<PolicyDraft>('/v1/policies/drafts', body);
  context.terminal.value(draft);
  context.terminal.line(`the draft ${draft.id} is on top of ${draft.base}`, 'good');
}

export async function saveDraft(
  context: Context,
  id: string,
  options: { readonly from?: string; readonly rebase?: boolean; readonly by?: string },
): Promise<void> {
  if (options.from === undefined && options.rebase !== true)
    throw new CliError(EXIT.usage, 'nothing to save', { help: 'add --from <set>, --rebase, or both' });
  const client = await gateway(context);
  const { revision } = await draftOf(client, id);
  const files = options.from === undefined ? undefined : await filesOf(client, options.from);
  const base = options.rebase === true ? (await client.get<PoliciesInForce>('/v1/policies')).version : undefined;
  const body = { revision, files, base, by: operatorName(options.by) };
  const draft = await client.put<PolicyDraft>(draftPath(id), body);
  context.terminal.value(draft);
  context.terminal.line(`saved: ${draft.id} is at revision ${draft.revision}, on top of ${draft.base}`, 'good');
}

export async function discardDraft(context: Context, id: string, options: WhoOptions): Promise<void> {
  const client = await gateway(context);
  const { revision } = await draftOf(client, id);
  const draft = await client.post<PolicyDraft>(draftPath(id, '/discard'), { revision, ...who(options) });
  context.terminal.value(draft);
  context.terminal.line(`discarded: ${draft.id}`, 'good');
}
