import type { ShownRequest, ValueOrigin } from '../../../../model/approval.ts';
import type { Json } from '../../../../model/json.ts';
import { escapePointer, resolvePointer } from '../../../../model/pointer.ts';
import { type Html, html } from '../../../account/web/html.ts';
import { shown as text } from '../../../account/web/shown.ts';
import type { ApprovalPageParts } from '../../options.ts';
import type { Seen } from '../../see.ts';
import { same } from '../../see.ts';
import { amountWords, EFFECTS, nameOf, ORIGINS, OUTCOMES } from '../../words.ts';
import { agoWords, card, facts, nameHtml, tag } from '../parts.ts';
import { argumentName, dataText, plain, sentenceHtml, valueHtml } from '../values.ts';

/** Everything about a request, one card for each question a careful person has. */
export function factCards(parts: ApprovalPageParts, seen: Seen): readonly Html[] {
  return [argumentsCard(seen), ...contextCards(parts, seen)];
}

/** Everything but the arguments themselves: what is signed with them. */
export function contextCards(parts: ApprovalPageParts, { row, shown }: Pick<Seen, 'row' | 'shown'>): readonly Html[] {
  return [effectCard(shown), whoCard(parts, shown), whyCard(shown), sessionCard(shown, row.requestedAtMs)];
}

function argumentsCard({ row, shown, asked }: Seen): Html {
  if ((shown.argumentsDigest ?? null) !== null) return hiddenCard(shown);
  const names = [...new Set([...Object.keys(asked.arguments), ...Object.keys(shown.arguments)])];
  const besides = Object.entries(shown.also ?? {}).map(([name, value]) => besidesRow(name, value));
  const rows = [...names.map((name) => argumentRow(name, { shown, asked })), ...besides];
  const table = html`<table class="args"><thead><tr><th scope="col">Argument</th><th scope="col">Value</th><th scope="col">Where it came from</th></tr></thead><tbody>${rows}</tbody></table>`;
  return card(
    TITLES[row.state] ?? 'What was asked',
    rows.length === 0 ? html`<p class="empty">It has no arguments.</p>` : table,
    {
      lead: html`${whatHtml(shown)}. Nothing is left out; what cannot be seen is spelled out.`,
    },
  );
}

/** Nothing may look like a call without arguments that only keeps them to itself. */
function hiddenCard(shown: ShownRequest): Html {
  const body = html`<p>${tag('bad', 'Not disclosed')} The agent does not say with which arguments. Whatever they are, only those with this SHA-256 run: <code>${text(shown.argumentsDigest ?? '', 80)}</code></p>`;
  return card('Its arguments are hidden from you', body, { lead: html`${whatHtml(shown)}.` });
}

/** Which tool, on which server. */
export function whatHtml({ action, target, server }: ShownRequest): Html {
  return html`<code>${dataText(target ?? action, 120)}</code> on <code>${dataText(server, 80)}</code>`;
}

const TITLES: Readonly<Record<string, string>> = {
  pending: 'Exactly this would run',
  approved: 'Exactly this was approved',
  consumed: 'Exactly this was approved',
};

function argumentRow(name: string, { shown, asked }: Pick<Seen, 'shown' | 'asked'>): Html {
  const at = `/${escapePointer(name)}`;
  const before = resolvePointer(asked.arguments, at);
  const now = resolvePointer(shown.arguments, at);
  const changed = !same(before, now);
  const { origins, bad } = originsOf(shown, at);
  return html`<tr class="${changed ? 'changed' : bad ? 'untrusted' : ''}"><th scope="row">${argumentName(name)}</th><td>${changed ? change(before, now) : now !== undefined && valueHtml(now)}</td><td>${changed ? tag('warn', 'Changed by a person') : origins}</td></tr>`;
}

/** Where the value of one argument came from; `bad`: somebody outside may have chosen a part of it. */
export function originsOf(
  shown: ShownRequest,
  at: string,
): { readonly origins: readonly Html[]; readonly bad: boolean } {
  const found = shown.origins.filter((origin) => origin.at === at || origin.at.startsWith(`${at}/`));
  return {
    origins: found.map((origin) => originHtml(origin, at)),
    bad: found.some(({ from }) => from === 'untrusted-result'),
  };
}

/** What reaches the server besides the arguments. */
function besidesRow(name: string, value: Json | undefined): Html {
  return html`<tr><th scope="row">${dataText(name, 120)}</th><td>${value !== undefined && valueHtml(value)}</td><td>${tag('warn', 'No argument: sent besides')}</td></tr>`;
}

/** What it was and what it would be. */
export function change(before: Json | undefined, now: Json | undefined): Html {
  return html`<div class="was"><span class="hide">was </span>${before === undefined ? html`<span class="soft">not there</span>` : valueHtml(before)}</div><div class="is"><span class="hide">now </span>${now === undefined ? html`<span class="soft">left out</span>` : valueHtml(now)}</div>`;
}

function originHtml({ from, source, at }: ValueOrigin, under: string): Html {
  const [tone, words] = ORIGINS[from];
  if (words === '') return html`<span class="soft small">–</span>`;
  const where = at === under ? null : at.slice(under.length + 1);
  return html`<div class="origin">${where !== null && html`<code>${dataText(where, 60)}</code> `}${tone === '' ? html`<span>${words}</span>` : tag(tone, words)}${source !== null && html`<span class="source">${dataText(source, 120)}</span>`}</div>`;
}

function effectCard(shown: ShownRequest): Html {
  const effect = shown.effect === null ? 'Nobody said what it does' : (EFFECTS[shown.effect] ?? shown.effect);
  const grave = shown.effect === null || shown.effect === 'destructive' || shown.effect === 'credential';
  return card('What it does', [
    facts([
      ['Effect', tag(grave ? 'bad' : shown.effect === 'read' ? 'good' : 'warn', effect)],
      shown.touches !== null && ['Touches', html`${sentenceHtml(shown.touches)}`],
      ['Can be undone', undoHtml(shown)],
      shown.amount !== null && ['Amount', html`<strong>${amountWords(shown.amount, shown.currency)}</strong>`],
      ['Data', shown.dataClass === null ? html`<span class="soft">not classified</span>` : capital(shown.dataClass)],
      [
        'Environment',
        shown.environment === null ? html`<span class="soft">not stated</span>` : text(shown.environment),
      ],
    ]),
  ]);
}

function undoHtml({ reversible, undo }: ShownRequest): Html {
  if (reversible === false) return html`${tag('bad', 'No')} ${undo !== null && text(undo, 500)}`;
  if (undo !== null) return html`${reversible === true && tag('good', 'Yes')} ${text(undo, 500)}`;
  return reversible === true
    ? tag('good', 'Yes')
    : html`<span class="soft">Nobody said so: take it that it cannot</span>`;
}

function whoCard(parts: ApprovalPageParts, shown: ShownRequest): Html {
  const { agent, subject, purpose, task } = shown;
  const risk = { low: 'good', medium: '', high: 'warn', critical: 'bad' }[agent.riskTier] ?? '';
  return card('Who asks', [
    facts([
      [
        'Agent',
        html`<strong>${nameHtml(agent.name, 120)}</strong> <code class="soft">${text(agent.id, 80)}</code> ${tag(risk, `${capital(agent.riskTier)} risk`)}`,
      ],
      ['Answers for it', nameHtml(nameOf(parts, agent.owner), 120)],
      [
        'Acts for',
        subject === null
          ? html`<span class="soft">itself, for no person</span>`
          : html`${nameHtml(subject.name, 120)} <code class="soft">${text(subject.id, 80)}</code>`,
      ],
      shown.chain.length > 0 && ['Through', chainHtml(parts, shown)],
      ['Its purpose', html`${dataText(purpose)}`],
      (shown.bindingMessage ?? null) !== null && ['It says', html`<q>${dataText(shown.bindingMessage ?? '', 120)}</q>`],
      task !== null && [
        'Task',
        html`${task.purpose === null ? '' : dataText(task.purpose)} <code class="soft">${text(task.id, 80)}</code>`,
      ],
    ]),
  ]);
}

/** From the human at the root to the agent that acts. */
function chainHtml(parts: ApprovalPageParts, { chain, subject }: ShownRequest): Html {
  const hops = [...chain]
    .reverse()
    .map(
      ({ id, kind }) => html`<li>${nameHtml(kind === 'agent' ? (parts.directory.agent(id)?.name ?? id) : id, 80)}</li>`,
    );
  return html`<ol class="chain">${subject !== null && html`<li>${nameHtml(subject.name, 80)}</li>`}${hops}</ol>`;
}

function whyCard({ policy }: ShownRequest): Html {
  return card('Why you are asked', [
    policy.messages.length === 0
      ? html``
      : html`${policy.messages.map((message) => html`<p>${text(message, 500)}</p>`)}`,
    facts([
      [
        'Policies',
        policy.reasons.length === 0
          ? html`<span class="soft">none by name</span>`
          : html`${policy.reasons.map((reason, i) => html`${i > 0 && ', '}<code>${text(reason, 120)}</code>`)}`,
      ],
      ['Version', html`<code>${text(policy.version, 80)}</code>`],
    ]),
  ]);
}

function sessionCard({ session }: ShownRequest, askedAtMs: number): Html {
  const rows = session.recent.slice(-10).map(({ atMs, tool, outcome }) => {
    const [tone, words] = OUTCOMES[outcome] ?? ['', outcome];
    return html`<li><code>${dataText(tool, 120)}</code><span class="soft small">${agoWords(askedAtMs - atMs).replace('just now', 'a moment')}${askedAtMs - atMs < 60_000 && ' before'}</span>${tag(tone, words)}</li>`;
  });
  const counted = `${calls(session.calls)} since ${agoWords(askedAtMs - session.startedAtMs).replace('just now', 'a moment ago')}, ${session.denied} denied, ${session.asked} asked.`;
  return card(
    'What it did before',
    rows.length === 0
      ? html`<p class="empty">This is the first thing it does in this session.</p>`
      : html`<ol class="recent">${rows}</ol>`,
    {
      lead: html`${counted}${session.readUntrusted && html` ${tag('warn', 'It has read content anybody could have written')}`}`,
    },
  );
}

function calls(count: number): string {
  return count === 1 ? '1 call' : `${count} calls`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** For the warning at the top: the names of arguments somebody outside may have chosen. */
export function untrustedNames(
  shown: ShownRequest,
): readonly { readonly name: string; readonly source: string | null }[] {
  return shown.origins
    .filter(({ from }) => from === 'untrusted-result')
    .map(({ at, source }) => ({ name: plain(at.slice(1)), source }));
}
