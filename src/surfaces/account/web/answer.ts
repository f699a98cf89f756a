import type { ServerResponse } from 'node:http';
import type { Json } from '../../../model/json.ts';
import { ASSETS } from './assets.ts';
import { type Html, html } from './html.ts';
import type { Visit } from './visit.ts';

/**
 * For every page and answer for people. `same-origin` and not `no-referrer`: with the latter browsers send `Origin: null` with our own
 * forms.
 */
export const SAFE_HEADERS = Object.freeze({
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
});

/** Nothing from elsewhere, no script in the page, no frame around it. */
const HEADERS = Object.freeze({
  ...SAFE_HEADERS,
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
});

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Wide pages list things; narrow ones ask one. The widest have something beside. */
  readonly wide?: boolean | 'widest';
  /** What only these pages need, as kept in ASSETS. */
  readonly files?: { readonly style: string; readonly script: string };
  /** Go there at once. Not by a redirect: browsers hold the answer of a form to `form-action`, wherever it leads. */
  readonly goTo?: string;
}

export function sendPage(visit: Visit, status: number, page: Page): void {
  write(visit.response, status, { type: 'text/html; charset=utf-8', body: whole(visit, page).text });
}

export function sendJson(visit: Visit, status: number, body: Json): void {
  write(visit.response, status, { type: 'application/json', body: JSON.stringify(body) });
}

/** `to`: a path of ours, or the address of a provider. */
export function redirect(visit: Visit, to: string): void {
  visit.response.setHeader('location', to);
  write(visit.response, 303, { type: 'text/plain', body: '' });
}

/** A file of the pages, named by its content, so that it may be kept for ever. `false`: there is no such file. */
export function sendAsset(response: ServerResponse, path: string): boolean {
  const asset = ASSETS.get(path);
  if (asset === undefined) return false;
  response.writeHead(200, {
    'content-type': asset.type,
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  });
  response.end(asset.body);
  return true;
}

function write(response: ServerResponse, status: number, { type, body }: { type: string; body: string }): void {
  response.writeHead(status, { ...HEADERS, 'content-type': type });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

function whole(visit: Visit, page: Page): Html {
  const width = page.wide === 'widest' ? 'wide widest' : page.wide === true ? 'wide' : '';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${page.goTo !== undefined && html`<meta http-equiv="refresh" content="0; url=${page.goTo}">`}
<title>${page.title} · Interlock</title>
<link rel="icon" href="${ASSETS.paths.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${ASSETS.paths.style}">
<script src="${ASSETS.paths.script}" defer></script>
${page.files !== undefined && html`<link rel="stylesheet" href="${page.files.style}"><script src="${page.files.script}" defer></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar"><div class="in ${width}">
<a class="brand" href="/account"><img src="${ASSETS.paths.icon}" alt="" width="24" height="24"><span>Interlock</span></a>
${navigation(visit)}
</div></header>
<main id="main" class="in ${width}">
${page.body}
</main>
<footer class="in ${width}"><p>${new URL(visit.origin).host}</p></footer>
</body>
</html>
`;
}

const PLACES = [
  { href: '/approvals', words: 'Approvals' },
  { href: '/account', words: 'Account' },
] as const;
const CONSOLE = { href: '/console', words: 'Console' } as const;

function navigation({ who, path, csrf, hasConsole = false }: Visit): Html | false {
  if (who === null) return false;
  const links = [...PLACES, ...(hasConsole ? [CONSOLE] : [])].map(({ href, words }) => {
    const here = path === href || path.startsWith(`${href}/`);
    return html`<a class="to" href="${href}"${here && html` aria-current="page"`}>${words}</a>`;
  });
  return html`<nav aria-label="You">${links}<span class="me">${who.person.name}</span>
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button class="quiet">Sign out</button></form></nav>`;
}
