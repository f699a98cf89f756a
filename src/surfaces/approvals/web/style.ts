/** On top of the sheet of all pages. */
export const STYLE = `.hide { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.ask { margin-bottom: 24px; }
.eyebrow { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; color: var(--soft); font-size: 14px; margin-bottom: 14px; }
.left { margin-left: auto; color: var(--soft); font-size: 14px; white-space: nowrap; }
.count { font-variant-numeric: tabular-nums; font-weight: 650; color: var(--ink); }
.count.soon { color: var(--red); }
.sentence { font-size: 28px; line-height: 1.42; font-weight: 600; margin-bottom: 16px; max-width: 46ch; letter-spacing: -.015em; }
.val { background: var(--blue-tint); color: var(--ink); border-bottom: 2px solid var(--blue); border-radius: 4px 4px 0 0; padding: 0 6px 1px; font-weight: 680; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
.val.none { border-color: var(--edge); background: none; color: var(--soft); font-weight: 500; }
.mark { color: var(--red); background: var(--red-tint); border-radius: 3px; padding: 0 2px; font-size: .88em; font-weight: 650; }
.cols { display: grid; grid-template-columns: minmax(0, 1fr) 360px; gap: 24px; align-items: start; }
.cols aside { position: sticky; top: 20px; }
.cols .card { margin-bottom: 20px; }
.args { width: 100%; border-collapse: collapse; font-size: 15px; }
.args th, .args td { text-align: left; vertical-align: top; padding: 10px 14px 10px 0; border-top: 1px solid var(--line); }
.args thead th { border-top: 0; padding-top: 0; font-size: 13px; font-weight: 600; color: var(--soft); }
.args tbody th { font-weight: 600; width: 24%; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 14px; }
.args td:last-child { width: 30%; padding-right: 0; font-size: 14px; color: var(--soft); }
.args .untrusted > * { background: var(--red-tint); }
.args .changed > * { background: var(--amber-tint); }
.args .untrusted > :first-child, .args .changed > :first-child { box-shadow: inset 3px 0 0 var(--red); padding-left: 12px; }
.args .changed > :first-child { box-shadow: inset 3px 0 0 var(--amber); }
.lit { font-variant-numeric: tabular-nums; font-weight: 600; }
.json { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; white-space: pre-wrap; }
.whole { font: 14px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; white-space: pre-wrap; max-height: 320px; overflow: auto; border: 1px solid var(--line); border-radius: 8px; padding: 10px; }
.was { text-decoration: line-through; color: var(--soft); }
.is { font-weight: 600; }
.origin + .origin { margin-top: 6px; }
.origin .tag { white-space: normal; border-radius: 8px; }
.source { display: block; font-size: 13px; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.chain { list-style: none; display: flex; flex-wrap: wrap; margin: 0; padding: 0; }
.chain li + li::before { content: "→"; color: var(--soft); margin: 0 8px; }
.recent { list-style: none; margin: 0; padding: 0; }
.recent li { display: grid; grid-template-columns: minmax(0, 1fr) auto auto; gap: 12px; align-items: center; padding: 7px 0; border-top: 1px solid var(--line); font-size: 14px; }
.recent li:first-child { border-top: 0; }
textarea { font: inherit; width: 100%; padding: 9px 12px; border: 1px solid var(--edge); border-radius: 10px; background: var(--card); color: var(--ink); margin-bottom: 16px; resize: vertical; min-height: 44px; display: block; }
textarea.mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 14px; }
.answers { display: grid; gap: 10px; margin-bottom: 12px; }
.answers button { width: 100%; }
.answer > p:last-child { margin-bottom: 0; }
.answer .note { margin-bottom: 16px; }
.more { margin: -6px 0 10px; }
.more > summary { font-size: 15px; }
.beyond { display: none; }
.answer:has([name=standing]:checked:not([value=""])) .beyond { display: inline; }
.answer:has([name=standing]:checked:not([value=""])) .once { display: none; }
.more:has([name=standing]:checked:not([value=""])) > summary { color: var(--amber); }
.more:not([open]):has([name=standing]:checked:not([value=""])) > summary::after { content: " (chosen)"; white-space: pre; }
.jump { display: none; }
.jump-back { margin-bottom: 16px; }
.under { margin-top: 14px; }
.also { border-top: 1px solid var(--line); margin-top: 16px; padding-top: 14px; }
.card > details:only-child > summary { margin-block: -10px; }
.given, .needed { list-style: none; margin: 0 0 12px; padding: 0; }
.given li + li { margin-top: 12px; padding-top: 12px; border-top: 1px solid var(--line); }
.given p { margin: 2px 0 0; }
.quote { border-left: 3px solid var(--line); padding-left: 10px; font-size: 15px; }
.needed { margin-top: 6px; font-size: 15px; }
.needed li { display: flex; gap: 10px; align-items: baseline; padding: 4px 0; }
.open { width: 10px; height: 10px; border: 2px solid var(--edge); border-radius: 50%; flex: none; position: relative; top: 1px; }
.places { display: flex; gap: 4px; border-bottom: 1px solid var(--line); margin-bottom: 20px; }
.places a { padding: 10px 12px; white-space: nowrap; text-decoration: none; color: var(--soft); font-weight: 600; font-size: 15px; border-bottom: 2px solid transparent; margin-bottom: -1px; }
.places a:first-child { padding-left: 2px; }
.places a:hover { color: var(--ink); }
.places a[aria-current] { color: var(--ink); border-color: var(--blue); }
.search { display: flex; gap: 10px; margin-bottom: 16px; }
.search input { margin: 0; }
.search button { flex: none; }
.card > .inbox:last-child { margin-bottom: -8px; }
.card .tag { white-space: normal; }
.switch { display: flex; gap: 18px; font-size: 15px; }
.switch a[aria-current] { color: var(--ink); font-weight: 650; text-decoration: none; }
.inbox { list-style: none; margin: -8px 0; padding: 0; }
.inbox > li { display: flex; gap: 6px 16px; align-items: flex-start; border-top: 1px solid var(--line); }
.inbox > li:first-child { border-top: 0; }
.inbox > li > a:first-child { flex: 1; min-width: 0; padding: 14px 10px; margin-left: -10px; border-radius: 10px; color: var(--ink); text-decoration: none; }
.inbox > li > a:first-child:hover, .inbox > li > a:first-child:focus-visible { background: var(--blue-tint); }
.inbox .left, .inbox .side { padding-top: 16px; flex: none; }
.inbox .left { padding-top: 17px; }
.inbox .side { display: flex; flex-direction: column; gap: 6px; align-items: flex-end; }
.say { display: block; font-weight: 600; line-height: 1.55; }
.say .val { font-weight: 680; border-bottom-width: 1px; }
.meta { display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: center; color: var(--soft); font-size: 14px; margin-top: 6px; }
.empty-card { padding: 36px 28px; }
.empty-card p { max-width: 58ch; }
.keys kbd { font: 600 12px/1 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; border: 1px solid var(--edge); border-bottom-width: 2px; border-radius: 5px; padding: 2px 6px; background: var(--card); color: var(--ink); }
.news p { position: fixed; z-index: 2; left: 50%; bottom: 20px; transform: translateX(-50%); display: flex; gap: 14px; align-items: center; margin: 0; padding: 8px 8px 8px 18px; border-radius: 999px;
  background: var(--card); border: 1px solid var(--edge); box-shadow: 0 8px 30px rgb(16 24 40 / .22); font-weight: 600; font-size: 15px; max-width: calc(100vw - 32px); }
.news .button { border-radius: 999px; }
.field { margin-bottom: 18px; }
.field input[type=text], .field select, .field textarea { margin-bottom: 6px; }
textarea[rows="1"] { resize: none; }
.more .choice small { display: none; }
.more .choice:has(:checked) small { display: block; margin-top: 6px; }
.more .choice b { font-size: 15px; }
.leave { display: inline-flex; gap: 8px; align-items: center; font-weight: 400; font-size: 14px; color: var(--soft); margin: 0; }
@media (max-width: 900px) {
  .cols { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .cols aside { position: static; }
  .jump { display: block; margin-bottom: 16px; }
}
@media (max-width: 560px) {
  .sentence { font-size: 22px; }
  .eyebrow .left { margin-left: 0; }
  .args thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .args, .args tbody, .args tr, .args th, .args td { display: block; }
  .args tbody th, .args td:last-child { width: auto; }
  .args th, .args td { border: 0; padding: 0; }
  .args tr { border-top: 1px solid var(--line); padding: 12px 0; }
  .args tbody tr:first-child { border-top: 0; }
  .args tbody th { color: var(--soft); margin-bottom: 2px; }
  .args td:last-child { margin-top: 4px; }
  .args .untrusted, .args .changed { margin-inline: -18px; padding-inline: 18px; background: var(--red-tint); box-shadow: inset 3px 0 0 var(--red); }
  .args .changed { background: var(--amber-tint); box-shadow: inset 3px 0 0 var(--amber); }
  .args .untrusted > :first-child, .args .changed > :first-child { box-shadow: none; padding-left: 0; }
  .inbox > li { flex-direction: column; }
  .inbox > li > a:first-child { padding-bottom: 0; width: calc(100% + 10px); }
  .inbox > li > .left, .inbox > li > .side { padding: 0 0 14px; margin: 0; flex-direction: row; align-items: center; gap: 14px; }
  .recent li { grid-template-columns: minmax(0, 1fr) auto; }
  .recent li > :nth-child(2) { grid-row: 2; }
  .keys { display: none; }
}
@media (forced-colors: active) { .val { border-bottom: 2px solid CanvasText; } }
@media print { .cols { display: block; } .answers, .news, .jump { display: none; }
.jump-back { margin-bottom: 16px; } }
`;
