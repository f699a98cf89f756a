/** One sheet for every page, light and dark, from 320 px on. Contrast is at least 4.5:1 for text, 3:1 for edges of controls. */
export const STYLE = `:root {
  --ground: #f6f7f9; --card: #ffffff; --ink: #14181f; --soft: #545c6a; --line: #d9dde4; --edge: #858d9b;
  --blue: #1d4ed8; --blue-ink: #ffffff; --blue-over: #1e40af; --blue-tint: #eef3ff;
  --red: #b42318; --red-tint: #fef2f1; --red-line: #f3c4bf; --amber: #8a4b00; --amber-tint: #fff7e8; --amber-line: #efd3a2;
  --green: #146c43; --green-tint: #edf8f2; --green-line: #b5dfc9;
  --shadow: 0 1px 2px rgb(16 24 40 / .06), 0 4px 16px rgb(16 24 40 / .05);
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1116; --card: #171b22; --ink: #e8ebf0; --soft: #a3abb8; --line: #2a303a; --edge: #6d7685;
    --blue: #7aa2ff; --blue-ink: #0b1220; --blue-over: #a3bfff; --blue-tint: #18233c;
    --red: #ff9a90; --red-tint: #2d1a19; --red-line: #5c2f2b; --amber: #f4c06a; --amber-tint: #2a2113; --amber-line: #57431f;
    --green: #7fd6a8; --green-tint: #13261d; --green-line: #275240;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
.in { width: 100%; max-width: 560px; margin: 0 auto; padding-inline: 20px; }
.in.wide { max-width: 960px; }
.in.widest { max-width: 1160px; }
main { flex: 1; padding-block: 40px 32px; }
main.wide { padding-block: 32px; }
footer { padding-block: 16px 24px; color: var(--soft); font-size: 13px; }
footer p { margin: 0; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 12px; top: 12px; background: var(--card); padding: 8px 12px; z-index: 1; border-radius: 6px; }
.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar .in { display: flex; align-items: center; justify-content: space-between; min-height: 56px; gap: 16px; }
.brand { display: flex; align-items: center; gap: 10px; font-weight: 650; letter-spacing: -.01em; color: var(--ink); text-decoration: none; }
.brand img { display: block; border-radius: 6px; }
.bar nav { display: flex; align-items: center; gap: 12px; min-width: 0; }
.me { color: var(--soft); font-size: 14px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.bar form { margin: 0; flex: none; }
.to { color: var(--soft); text-decoration: none; font-size: 15px; font-weight: 600; padding-inline: 4px; height: 56px; display: flex; align-items: center; border-block: 2px solid transparent; margin-bottom: -1px; }
.to:hover { color: var(--ink); }
.to[aria-current] { color: var(--ink); border-bottom-color: var(--blue); }
.to + .me { margin-left: 8px; }
h1 { font-size: 26px; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 8px; font-weight: 680; }
h2 { font-size: 18px; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 8px; font-weight: 650; }
.head h2 { margin: 0; }
h3 { font-size: 15px; margin: 0; font-weight: 650; }
p { margin: 0 0 12px; }
.lead { color: var(--soft); margin-bottom: 24px; }
.soft { color: var(--soft); }
.small { font-size: 14px; }
a { color: var(--blue); text-underline-offset: 2px; }
a:hover { color: var(--blue-over); }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: 4px; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: .92em; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 24px; margin-bottom: 20px; box-shadow: var(--shadow); }
.card > :last-child { margin-bottom: 0; }
.card .head { display: flex; justify-content: space-between; align-items: baseline; gap: 12px; margin-bottom: 12px; }
button, .button { font: inherit; font-weight: 600; min-height: 44px; padding: 9px 18px; border-radius: 10px; border: 1px solid var(--edge);
  background: var(--card); color: var(--ink); cursor: pointer; text-decoration: none; display: inline-flex; align-items: center; justify-content: center; gap: 8px; text-align: center; }
button:hover, .button:hover { border-color: var(--ink); color: var(--ink); }
button:disabled { opacity: .55; cursor: default; }
.main { background: var(--blue); border-color: var(--blue); color: var(--blue-ink); }
.main:hover { background: var(--blue-over); border-color: var(--blue-over); color: var(--blue-ink); }
.danger { color: var(--red); border-color: var(--red); }
.danger:hover { background: var(--red-tint); border-color: var(--red); color: var(--red); }
.quiet { min-height: 36px; padding: 4px 12px; font-size: 14px; border-color: var(--line); }
.full { width: 100%; }
.row { display: flex; flex-wrap: wrap; gap: 12px; align-items: center; }
.row.end { justify-content: flex-end; }
.stack > * + * { margin-top: 12px; }
label { font-weight: 600; display: block; margin-bottom: 6px; }
input[type=text], input[type=password], input[type=email], select { font: inherit; width: 100%; min-height: 44px; padding: 9px 12px; border: 1px solid var(--edge);
  border-radius: 10px; background: var(--card); color: var(--ink); margin-bottom: 16px; }
input[type=checkbox], input[type=radio] { width: 20px; height: 20px; margin: 2px 0 0; accent-color: var(--blue); flex: none; }
fieldset { border: 0; padding: 0; margin: 0 0 20px; min-width: 0; }
legend { font-weight: 650; padding: 0; margin-bottom: 8px; }
.hint { color: var(--soft); font-size: 14px; margin: -10px 0 16px; }
.or { display: flex; align-items: center; gap: 12px; color: var(--soft); font-size: 14px; margin: 20px 0; }
.or::before, .or::after { content: ""; flex: 1; border-top: 1px solid var(--line); }
.note { border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; margin-bottom: 20px; font-size: 15px; }
.note p:last-child { margin: 0; }
.note.bad { background: var(--red-tint); border-color: var(--red-line); color: var(--red); }
.note.warn { background: var(--amber-tint); border-color: var(--amber-line); color: var(--amber); }
.note.good { background: var(--green-tint); border-color: var(--green-line); color: var(--green); }
.note strong { display: block; }
[hidden] { display: none !important; }
dl { margin: 0; display: grid; grid-template-columns: minmax(96px, max-content) 1fr; gap: 8px 20px; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
.choice { display: flex; gap: 12px; align-items: flex-start; padding: 12px 14px; border: 1px solid var(--line); border-radius: 10px; margin-bottom: 8px; font-weight: 400; cursor: pointer; }
.choice:hover { border-color: var(--edge); }
.choice span { min-width: 0; }
.choice b { display: block; font-weight: 600; }
.choice small { display: block; color: var(--soft); font-size: 14px; }
.choice:has(:checked) { border-color: var(--blue); background: var(--blue-tint); }
.choice.grave:has(:checked) { border-color: var(--red-line); background: var(--red-tint); }
.choices { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 8px; }
.choices .choice { margin: 0; align-items: center; }
.choices input { margin: 0; }
.tag { display: inline-block; font-size: 13px; font-weight: 600; line-height: 1.3; padding: 3px 9px; border-radius: 999px; border: 1px solid var(--line); color: var(--soft); white-space: nowrap; }
.tag.good { color: var(--green); background: var(--green-tint); border-color: var(--green-line); }
.tag.warn { color: var(--amber); background: var(--amber-tint); border-color: var(--amber-line); }
.tag.bad { color: var(--red); background: var(--red-tint); border-color: var(--red-line); }
.list { list-style: none; margin: 0; padding: 0; }
.list > li { padding: 16px 0; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 12px 20px; justify-content: space-between; align-items: flex-start; }
.list > li:first-child { border-top: 0; padding-top: 4px; }
.list > li:last-child { padding-bottom: 0; }
.list .what { flex: 1 1 280px; min-width: 0; }
.list .what p { margin: 4px 0 0; }
.list form { margin: 0; flex: none; }
.tags { display: flex; flex-wrap: wrap; gap: 6px; margin: 8px 0 0; }
ul.list + * { margin-top: 16px; }
.empty { color: var(--soft); }
details > summary { cursor: pointer; font-weight: 600; color: var(--blue); min-height: 44px; display: flex; align-items: center; }
.who { display: flex; gap: 14px; align-items: center; margin-bottom: 16px; }
.who > div { min-width: 0; }
.who p, .who h1 { margin: 0; }
.who .tags { margin-top: 4px; }
.badge { width: 44px; height: 44px; border-radius: 12px; background: var(--blue-tint); color: var(--blue); font-weight: 700; display: flex; align-items: center; justify-content: center; flex: none; font-size: 18px; }
.sticky { display: flex; gap: 12px; flex-wrap: wrap; }
.sticky > * { flex: 1 1 160px; }
@media (max-width: 480px) {
  .in { padding-inline: 16px; }
  .bar .in { gap: 8px; }
  .bar nav { gap: 4px; }
  .to { font-size: 14px; overflow-wrap: normal; }
  .bar .quiet { padding-inline: 8px; white-space: nowrap; }
  .bar nav .me, .brand span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  main { padding-block: 24px; }
  .card { padding: 20px 18px; }
  h1 { font-size: 23px; }
  dl { grid-template-columns: 1fr; gap: 2px; }
  dd { margin-bottom: 10px; }
}
@media (forced-colors: active) { .card, .choice, .tag { border-color: CanvasText; } }
@media (prefers-reduced-motion: no-preference) { button, .button, .choice { transition: background-color .12s, border-color .12s; } }
`;
