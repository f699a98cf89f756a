import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApprovalWorld, begin, openApprovalWorld, order, type SignedIn } from '../people/approvals-world.ts';
import { leftOut, openChromium } from '../people/chromium.ts';

/** HU3: what a person presses is on the gateway's own page, and nothing lies over it. */
let world: ApprovalWorld;
let alice: SignedIn;
beforeAll(async () => {
  world = await openApprovalWorld();
  alice = await world.person('alice');
});
afterAll(() => world?.close());

describe('a page of somebody else around ours', () => {
  it('every page says that it stands alone, runs nothing but its own script, and is not kept', async () => {
    const { id } = await world.park('buyer', order(1_600));
    const paths = [
      '/approvals',
      '/approvals/history',
      '/approvals/standing',
      `/approvals/${id}`,
      `/approvals/${id}/change`,
    ];
    for (const path of [...paths, `/approvals/open/${'a'.repeat(43)}`, '/approvals/nothing']) {
      const { headers, text } = await alice.browser.get(path);
      expect([path, headers['content-security-policy']]).toEqual([
        path,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      ]);
      expect(headers).toMatchObject({
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      });
      expect(text).not.toMatch(/<script(?![^>]* src="\/account\/files\/)|<[^>]+ (style|on\w+)=|javascript:/);
    }
  });

  it('a signature made inside of one is none', async () => {
    const { id } = await world.park('buyer', order(1_601));
    const answer = alice.key.sign(JSON.parse((await begin(alice, id)).text), { crossOrigin: true });
    expect((await alice.browser.json(`/approvals/${id}/sign`, { answer })).status).toBe(403);
    expect((await world.row(id)).answers).toEqual([]);
  });

  it('nothing is answered from a page of another site, nor without the token of ours', async () => {
    const { id } = await world.park('buyer', order(1_602));
    const page = await alice.browser.get(`/approvals/${id}`);
    const saw = /name="saw" value="([^"]+)"/.exec(page.text)![1]!;
    const wanted = { verdict: 'approved', reason: '', saw };
    const tries = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'x-csrf-token': 'x' }];
    for (const headers of tries) {
      const path = `/approvals/${id}/sign/options`;
      expect((await alice.browser.json(path, wanted, headers as Record<string, string>)).status).toBe(403);
    }
    const forged = await alice.browser.post(`/approvals/${id}/answer`, wanted, { origin: 'https://evil.example' });
    expect(forged.status).toBe(403);
    expect((await world.row(id)).answers).toEqual([]);
  });

  it('a browser shows nothing of ours in a frame', async () => {
    if (leftOut('a frame in a browser')) return;
    const { id } = await world.park('buyer', order(1_603));
    const site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<title>Prizes</title><iframe src="${world.origin}/approvals/${id}"></iframe>`);
    });
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    const browser = await openChromium();
    try {
      const context = await browser.newContext();
      const { hostname } = new URL(world.origin);
      const cookies = [...alice.browser.cookies].map(([name, value]) => ({ name, value, domain: hostname, path: '/' }));
      await context.addCookies(cookies);
      const page = await context.newPage();
      const said: string[] = [];
      page.on('console', (message) => void said.push(message.text()));
      await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
      await page.waitForLoadState('networkidle');
      expect(said.join('\n')).toContain('frame-ancestors');
      const framed = page.frames().find((frame) => frame !== page.mainFrame());
      expect(await framed!.evaluate('document.body ? document.body.innerText : ""').catch(() => '')).not.toContain(
        'Order',
      );
    } finally {
      await browser.close();
      site.close();
    }
  });
});
