/** A browser as far as signing in needs one: it keeps cookies by path, and follows no redirect by itself. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  /** For what lies on another origin than the gateway. */
  readonly visited: string[] = [];

  async get(url: string): Promise<Response> {
    return this.#send(url, { method: 'GET' });
  }

  async post(
    url: string,
    fields: Readonly<Record<string, string>> | readonly (readonly [string, string])[],
  ): Promise<Response> {
    const pairs = (Array.isArray(fields) ? fields : Object.entries(fields)) as [string, string][];
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin };
    return this.#send(url, {
      method: 'POST',
      headers,
      body: new URLSearchParams(pairs).toString(),
    });
  }

  /** Follows redirects until somebody answers with a page, or until an address of another origin than this one. */
  async follow(url: string, origin: string): Promise<{ url: string; response: Response | null }> {
    for (let i = 0; i < 15; i++) {
      this.visited.push(url);
      if (new URL(url).origin !== origin) return { url, response: null };
      const response = await this.get(url);
      const location = response.headers.get('location');
      if (location === null) return { url, response };
      url = new URL(location, url).href;
    }
    throw new Error('redirected in circles');
  }

  cookieHeader(url: string): string {
    const { pathname } = new URL(url);
    return [...this.#cookies]
      .filter(([, { path }]) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(([key, { value }]) => `${key.split('\n')[0]}=${value}`)
      .join('; ');
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const cookie = this.cookieHeader(url);
    const headers = { accept: 'text/html', ...(init.headers as object), ...(cookie === '' ? {} : { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    return response;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const path = attributes.find((part) => /^path=/i.test(part))?.slice(5) ?? '/';
    const gone = attributes.some((part) => /^expires=Thu, 01 Jan 1970/i.test(part));
    if (gone) this.#cookies.delete(`${name}\n${path}`);
    else this.#cookies.set(`${name}\n${path}`, { value: pair.slice(name.length + 1), path });
  }
}
