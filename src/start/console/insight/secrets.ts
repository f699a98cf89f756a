import type { SecretRow, SecretStore } from '../../../ports/identity-stores.ts';

const PAGE = 500;
const MAX_PAGES = 100;

/** Rows of one kind, as they lie in the store: who they belong to is no secret, what they hold is left sealed. */
export async function* secretsOf(store: SecretStore, kind: string): AsyncGenerator<SecretRow> {
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const rows = await store.list({ kind, limit: PAGE, ...(after === undefined ? {} : { after }) });
    yield* rows;
    after = rows.at(-1)?.id;
    if (rows.length < PAGE) return;
  }
}
