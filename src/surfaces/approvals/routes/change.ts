import type { JsonObject } from '../../../model/json.ts';
import { sendPage } from '../../account/web/answer.ts';
import { readForm, Shown, type Visit, type Who } from '../../account/web/visit.ts';
import { fieldsOf, readFields, withValues } from '../form/fields.ts';
import type { ApprovalPageParts } from '../options.ts';
import { changePage, previewPage } from '../pages/request/change.ts';
import { changedTo, type Seen, see } from '../see.ts';
import { backTo, FORM_BYTES, objectIn } from '../wanted.ts';
import { meansOf } from './request.ts';

interface At {
  readonly who: Who;
  readonly id: string;
}

/** GET /approvals/:id/change */
export async function showChange(parts: ApprovalPageParts, visit: Visit, at: At): Promise<void> {
  const seen = await changeable(parts, at);
  show(parts, visit, { seen, args: seen.shown.arguments, problem: null });
}

/** POST /approvals/:id/change: what would come of it. Changes nothing. */
export async function previewChange(parts: ApprovalPageParts, visit: Visit, at: At): Promise<void> {
  const form = await readForm(visit, FORM_BYTES);
  const seen = await changeable(parts, at);
  const args =
    form.get('form') === 'json'
      ? (objectIn(form.get('json') ?? '', 'What you wrote') ?? {})
      : readFields(fieldsOf(schemaOf(parts, seen), seen.shown.arguments), form);
  const changed = await changedTo(parts, seen, args);
  if (!changed.ok) return show(parts, visit, { seen, args, problem: changed.message });
  if (changed.digest === seen.digest)
    return show(parts, visit, { seen, args, problem: 'Nothing is different from what is there already.' });
  sendPage(visit, 200, previewPage(parts, visit, { seen, changed, means: await meansOf(parts, at.who) }));
}

function show(
  parts: ApprovalPageParts,
  visit: Visit,
  { seen, args, problem }: { seen: Seen; args: JsonObject; problem: string | null },
): void {
  // The same fields in the same order as when they are read.
  const fields = withValues(fieldsOf(schemaOf(parts, seen), seen.shown.arguments), args);
  sendPage(visit, problem === null ? 200 : 409, changePage(parts, visit, { seen, fields, args, problem }));
}

async function changeable(parts: ApprovalPageParts, { who, id }: At): Promise<Seen> {
  const seen = await see(parts, who.person, id);
  if (!seen.may.ok) throw new Shown(409, 'You cannot change this', seen.may.message, backTo(id));
  if (seen.row.kind !== 'call' || seen.shown.target === null)
    throw new Shown(409, 'This has no arguments to change', 'It can only be approved or denied as it is.', backTo(id));
  return seen;
}

function schemaOf(parts: ApprovalPageParts, { shown }: Seen): JsonObject | null {
  return shown.target === null ? null : parts.schemaOf(shown.server, shown.target);
}
