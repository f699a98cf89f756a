import type { Json, JsonObject } from '../../../../model/json.ts';
import { escapePointer, resolvePointer } from '../../../../model/pointer.ts';
import { csrfField, note } from '../../../account/pages/parts.ts';
import type { Page } from '../../../account/web/answer.ts';
import { type Html, html } from '../../../account/web/html.ts';
import { shown as text } from '../../../account/web/shown.ts';
import type { Visit } from '../../../account/web/visit.ts';
import { controls, type Field } from '../../form/fields.ts';
import { cameFromConsole, requestPath } from '../../from.ts';
import type { ApprovalPageParts } from '../../options.ts';
import { type Displayed, type Seen, same } from '../../see.ts';
import { FILES } from '../../web/files.ts';
import { amountWords, nameOf, slotWords } from '../../words.ts';
import { card, facts, hidden, tag } from '../parts.ts';
import { argumentName, dataText, plain, sentenceHtml, valueHtml } from '../values.ts';
import { answerForm, type Means, obstacleOf } from './decide.ts';
import { change, contextCards, originsOf, whatHtml } from './facts.ts';
import { head, signedCard, warnings } from './page.ts';

export interface ChangePage {
  readonly seen: Seen;
  readonly fields: readonly Field[];
  readonly args: JsonObject;
  readonly problem: string | null;
}

/** A form for other arguments. Looking at what would come of them changes nothing. */
export function changePage(parts: ApprovalPageParts, visit: Visit, { seen, fields, args, problem }: ChangePage): Page {
  const { row } = seen;
  const fromConsole = cameFromConsole(visit);
  const action = requestPath(row.id, { fromConsole, rest: '/change' });
  const json = JSON.stringify(args, null, 2);
  return {
    title: 'Change the arguments',
    wide: true,
    files: FILES,
    body: html`${head(parts, seen)}
${problem !== null && note('bad', text(problem, 500))}
<section class="card" aria-labelledby="change"><h2 id="change">Change the arguments</h2>
<p class="soft small">You see what would come of it before you sign anything. The policies decide about the change as about any call.</p>
${
  fields.length > 0 &&
  html`<form method="post" action="${action}">${csrfField(visit)}${hidden('form', 'fields')}${fields.map((field, i) => control(field, i))}<div class="row"><button class="main">See what would come of it</button><a class="button" href="${requestPath(row.id, { fromConsole })}">Back</a></div></form>`
}
<details${fields.length === 0 && html` open`}><summary>Write it as JSON</summary><form method="post" action="${action}">${csrfField(visit)}${hidden('form', 'json')}
<label for="json">All arguments, as one JSON object</label><textarea id="json" name="json" rows="${Math.min(24, json.split('\n').length + 2)}" class="mono" spellcheck="false" required>${json}</textarea>
<button>See what would come of it</button></form></details></section>`,
  };
}

function control(field: Field, i: number): Html {
  const id = `f${i}`;
  const name = controls.value(i);
  const head = html`<label for="${id}"><code>${dataText(field.name, 80)}</code>${!field.required && html` <span class="soft small">optional</span>`}</label>`;
  const leave =
    !field.required &&
    html`<label class="leave"><input type="checkbox" name="${controls.left(i)}" value="1"${field.value === undefined && html` checked`}> <span>Leave out<span class="hide"> ${dataText(field.name, 80)}</span></span></label>`;
  return html`<div class="field">${head}${input(field, id, name)}${leave}</div>`;
}

function input(field: Field, id: string, name: string): Html {
  const { kind, value } = field;
  if (kind === 'choice' || kind === 'boolean') {
    const options: readonly Json[] = kind === 'boolean' ? [true, false] : field.options;
    const known = value === undefined || options.some((each) => same(each, value));
    const all = known ? options : [value as Json, ...options];
    return html`<select id="${id}" name="${name}">${all.map((each) => html`<option value="${JSON.stringify(each)}"${value !== undefined && same(each, value) && html` selected`}>${text(plain(each), 100)}</option>`)}</select>`;
  }
  const written =
    value === undefined ? '' : kind === 'text' && typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  if (kind === 'number')
    return html`<input type="text" inputmode="decimal" id="${id}" name="${name}" value="${written}" autocomplete="off">`;
  const rows = Math.min(
    12,
    Math.max(kind === 'text' ? 1 : 2, written.split('\n').length, Math.ceil(written.length / 70)),
  );
  return html`<textarea id="${id}" name="${name}" rows="${rows}" spellcheck="false"${kind === 'json' && html` class="mono"`}>${written}</textarea>`;
}

/** What the changed action is, next to what was asked, and the form that signs exactly it. */
export function previewPage(
  parts: ApprovalPageParts,
  visit: Visit,
  { seen, changed, means }: { readonly seen: Seen; readonly changed: Displayed; readonly means: Means },
): Page {
  const { row } = seen;
  const fromConsole = cameFromConsole(visit);
  const obstacle = obstacleOf(changed, means, { id: row.id, fromConsole });
  const { shown } = changed;
  const back = html`<p class="small also"><a href="${requestPath(row.id, { fromConsole, rest: '/change' })}">Change it otherwise</a> or <a href="${requestPath(row.id, { fromConsole })}">go back to what was asked</a>.</p>`;
  const form = answerForm(visit, seen, {
    ...{ displayed: changed, changed: shown.arguments },
    ...{ approve: 'Approve the change', deny: false },
  });
  const sign = card('Sign the change', [obstacle ?? form, back], { id: 'decision' });
  const about = { ...changed, row };
  return {
    title: 'The change, before you sign it',
    wide: 'widest',
    files: FILES,
    body: html`<header class="ask"><p class="eyebrow">${tag('warn', 'Changed, not signed yet')}</p><h1 class="sentence">${sentenceHtml(shown.sentence)}</h1>
${warnings(parts, { row: { ...row, proposal: null }, shown })}</header>
<div class="cols"><div>${comparedCard(parts, seen, shown)}${decidedCard(parts, seen, changed)}${contextCards(parts, about)}${signedCard(about)}</div>
<aside aria-label="Decision">${sign}</aside></div>`,
  };
}

function comparedCard(parts: ApprovalPageParts, seen: Seen, shown: Seen['shown']): Html {
  const names = [...new Set([...Object.keys(seen.asked.arguments), ...Object.keys(shown.arguments)])];
  const rows = names.map((name) => {
    const at = `/${escapePointer(name)}`;
    const [before, now] = [resolvePointer(seen.asked.arguments, at), resolvePointer(shown.arguments, at)];
    const differs = !same(before, now);
    const { origins, bad } = originsOf(shown, at);
    const unchanged = origins.length === 0 ? html`<span class="soft small">as asked</span>` : origins;
    return html`<tr class="${differs ? 'changed' : bad ? 'untrusted' : ''}"><th scope="row">${argumentName(name)}</th><td>${differs ? change(before, now) : now !== undefined && valueHtml(now)}</td><td>${differs ? tag('warn', changedBy(parts, seen, { at, now })) : unchanged}</td></tr>`;
  });
  return card(
    'What would run instead',
    html`<table class="args"><thead><tr><th scope="col">Argument</th><th scope="col">Value</th><th scope="col">Compared</th></tr></thead><tbody>${rows}</tbody></table>`,
    { lead: html`${whatHtml(shown)}. This and nothing else, once.` },
  );
}

/** Somebody may have changed it before. */
function changedBy(
  parts: ApprovalPageParts,
  { row, shown }: Seen,
  { at, now }: { readonly at: string; readonly now: Json | undefined },
): string {
  const theirs = row.proposal !== null && same(resolvePointer(shown.arguments, at), now);
  return theirs && row.proposal !== null ? `Changed by ${text(nameOf(parts, row.proposal.by), 60)}` : 'Changed by you';
}

function decidedCard(parts: ApprovalPageParts, { asked }: Seen, { shown, requirement }: Displayed): Html {
  const missing = requirement.parts.flatMap(({ slots }) => slots);
  const amount = asked.amount === shown.amount ? null : html`${amountOf(asked)} → <strong>${amountOf(shown)}</strong>`;
  const decided = facts([
    amount !== null && ['Amount', amount],
    [
      'Policies',
      html`Decided again with version <code>${text(shown.policy.version, 80)}</code>: a person must approve it.`,
    ],
    missing.length > 0 && [
      'Who must answer',
      html`${missing.map((slot) => html`<div>${text(slotWords(parts, slot), 300)}</div>`)}`,
    ],
  ]);
  return card('What the policies say of it', decided);
}

function amountOf({ amount, currency }: Seen['shown']): string {
  return amount === null ? 'none' : amountWords(amount, currency);
}
