import type { KoaContextWithOIDC } from 'oidc-provider';

/** What a person sees when a client sent them here with a request that cannot be answered by sending them back. */
export function errorPage(
  ctx: KoaContextWithOIDC,
  out: { error: string; error_description?: string | undefined },
): void {
  const { error, error_description: description = '' } = out;
  ctx.set('cache-control', 'no-store');
  ctx.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  ctx.set('x-content-type-options', 'nosniff');
  ctx.type = 'html';
  ctx.body = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in cannot go on</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:4em auto;padding:0 1em}code{word-break:break-all}</style></head>
<body><h1>Sign-in cannot go on</h1>
<p>The application asked for something the gateway does not accept. Go back to it and try again; if that does not help, tell whoever
runs it:</p>
<p><code>${escaped(error)}: ${escaped(description)}</code></p></body></html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
