import { escapeHtml } from '../../../model/escape-html.ts';
import { type Fact, type Letter, line } from './letter.ts';

/** Plain text, for mail programs without HTML. Values of the agent are indented lines of their own. */
export function writeText(letter: Letter): string {
  const { heading, sentence, facts, warnings, note, button, link } = letter;
  return [
    heading,
    '',
    line(sentence),
    '',
    ...warnings.flatMap((warning) => [`!! ${warning}`, '']),
    ...facts.map(({ name, value }) => `${name}: ${value}`),
    ...writeArguments(letter.arguments),
    '',
    `${button}:`,
    link,
    '',
    note,
    '',
  ].join('\n');
}

function writeArguments(values: readonly Fact[] | null): string[] {
  if (values === null) return ['', 'The values are not shown in messages: open the link to see them.'];
  if (values.length === 0) return [];
  return ['', 'Arguments, as the agent gave them:', ...values.map(({ name, value }) => `    ${name} = ${value}`)];
}

const FONT = 'font-family:system-ui,-apple-system,Segoe UI,sans-serif';
const DATA = `font-family:ui-monospace,Menlo,Consolas,monospace;background:#f1f5f9;border-radius:4px;padding:1px 4px`;

/** HTML for mail: the same words, styles in place, nothing that is fetched, no script, one link. */
export function writeHtml(letter: Letter): string {
  const { heading, sentence, facts, warnings, note, button, link } = letter;
  const said = sentence
    .map(({ text, argument }) =>
      argument === null ? escapeHtml(text) : `<bdi style="${DATA}">${escapeHtml(text)}</bdi>`,
    )
    .join('');
  const alerts = warnings.map(
    (warning) =>
      `<p style="margin:0 0 12px;padding:10px 12px;border-left:4px solid #b45309;background:#fffbeb;color:#78350f">${escapeHtml(warning)}</p>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(heading)}</title></head>
<body style="margin:0;padding:24px 12px;background:#f8fafc;color:#0f172a;${FONT};font-size:15px;line-height:1.5">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #e2e8f0;border-radius:12px">
<p style="margin:0 0 4px;color:#475569;font-size:13px">${escapeHtml(heading)}</p>
<p style="margin:0 0 16px;font-size:18px;font-weight:600">${said}</p>
${alerts.join('\n')}
${table(facts, '')}
${htmlArguments(letter.arguments)}
<p style="margin:20px 0"><a href="${escapeHtml(link)}" style="display:inline-block;padding:10px 18px;border-radius:8px;background:#1d4ed8;color:#ffffff;text-decoration:none;font-weight:600">${escapeHtml(button)}</a></p>
<p style="margin:0;color:#475569;font-size:13px">${escapeHtml(note)}</p>
</div></body></html>
`;
}

function htmlArguments(values: readonly Fact[] | null): string {
  const title = (words: string) => `<p style="margin:16px 0 4px;color:#475569;font-size:13px">${words}</p>`;
  if (values === null) return title('The values are not shown in messages: open the link to see them.');
  if (values.length === 0) return '';
  return `${title('Arguments, as the agent gave them')}${table(values, DATA)}`;
}

function table(facts: readonly Fact[], style: string): string {
  const rows = facts.map(
    ({ name, value }) =>
      `<tr><td style="padding:3px 12px 3px 0;color:#475569;vertical-align:top;white-space:nowrap">${escapeHtml(name)}</td><td style="padding:3px 0;vertical-align:top;word-break:break-word"><bdi style="${style}">${escapeHtml(value)}</bdi></td></tr>`,
  );
  return `<table role="presentation" style="border-collapse:collapse;font-size:14px">${rows.join('')}</table>`;
}
