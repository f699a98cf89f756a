import type { Page } from '../../model/insight/page.ts';
import type { ApprovalRow } from '../../ports/stores.ts';
import { type AdminClient, adminClient } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';

const FIND_LIMIT = 1_000;

export interface Order {
  readonly reason?: string;
  readonly by?: string;
}

export async function openClient(context: Context): Promise<AdminClient> {
  return adminClient({ socket: (await locate(context)).socket });
}

/** Ids are long; the beginning is enough where it means one. */
export async function findByBeginning(client: AdminClient, id: string): Promise<ApprovalRow> {
  if (/^[\w-]{30,}$/.test(id)) return (await getApproval(client, id)).approval;
  const query = new URLSearchParams({ limit: String(FIND_LIMIT), ...(id === '' ? {} : { text: id }) });
  const { items } = await client.get<Page<ApprovalRow>>(`/v1/approvals?${query}`);
  return findApproval(items, id);
}

export interface OneApproval {
  readonly approval: ApprovalRow;
  /** Who could answer it now. */
  readonly mayAnswer: readonly string[];
}

export function getApproval(client: AdminClient, id: string): Promise<OneApproval> {
  return client.get(`/v1/approvals/${encodeURIComponent(id)}`);
}

/** Pure. */
export function findApproval(rows: readonly ApprovalRow[], id: string): ApprovalRow {
  const exact = rows.find((row) => row.id === id);
  if (exact !== undefined) return exact;
  const found = id.length < 4 ? [] : rows.filter((row) => row.id.startsWith(id));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new CliError(EXIT.usage, `"${id}" begins ${found.length} approvals`, { help: 'give more of the id' });
  throw new CliError(EXIT.failed, `there is no approval "${id}"`, {
    help: 'see: interlock approvals list --state all',
  });
}

/** Who, and why; a reason is required. */
export function orderOf(
  { by, reason }: Order,
  what = 'a reason is needed: it is recorded with the order',
): Required<Order> {
  const text = reason?.trim() ?? '';
  if (text !== '') return { by: operatorName(by), reason: text };
  throw new CliError(EXIT.usage, what, { help: 'add --reason "…"' });
}
