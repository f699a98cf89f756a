import { assuranceAtLeast } from '../../../model/approval.ts';
import { onward } from '../../account/pages/sign-in.ts';
import { isFresh } from '../../account/routes/passkeys.ts';
import { sendPage } from '../../account/web/answer.ts';
import { checkStill, readForm, Shown, type Visit, type Who } from '../../account/web/visit.ts';
import { requestPath, signInAgain } from '../from.ts';
import type { ApprovalPageParts } from '../options.ts';
import { backTo, FORM_BYTES, readWanted, saying, vote } from '../wanted.ts';

/** POST /approvals/:id/answer: where having signed in a moment ago is proof enough. */
export async function answer(parts: ApprovalPageParts, visit: Visit, at: { who: Who; id: string }): Promise<void> {
  const form = await readForm(visit, FORM_BYTES);
  const { who, id } = at;
  const { person } = who;
  const wanted = readWanted((name) => form.get(name) ?? '');
  const said = await saying(parts, { person, id }, wanted);
  if (!assuranceAtLeast('signed-in', said.displayed.requirement.assurance))
    throw new Shown(
      403,
      'This needs your passkey',
      'Nothing was answered. Your browser has to run the script of this page to ask for it.',
      backTo(id),
    );
  if (!isFresh(parts, who))
    throw new Shown(403, 'Sign in again first', 'You signed in a while ago. Nothing was answered.', {
      href: signInAgain(id, wanted.fromConsole),
      words: 'Sign in again',
    });
  await checkStill(visit);
  await vote(parts, said, { person: person.id, assurance: 'signed-in', proof: null });
  sendPage(visit, 200, onward('Answered', requestPath(id, { done: wanted.verdict, fromConsole: wanted.fromConsole })));
}
