/** `/console/agents?state=orphaned`, as the gateway says it, in the parts the router takes. */
export function pathOf(href: string): { readonly to: string; readonly search: Readonly<Record<string, string>> } {
  const path = href.replace(/^\/console(?=[/?]|$)/, '');
  const at = path.indexOf('?');
  const to = at < 0 ? path : path.slice(0, at);
  return {
    to: to === '' ? '/' : to,
    search: at < 0 ? {} : Object.fromEntries(new URLSearchParams(path.slice(at + 1))),
  };
}
