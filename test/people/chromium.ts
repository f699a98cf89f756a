import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';

/** Debian's Chromium, or the one a developer names. */
const PROGRAM = process.env.CHROMIUM ?? spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();

/** Why there is no browser here, or null. */
const NO_BROWSER: string | null =
  PROGRAM !== '' && spawnSync(PROGRAM, ['--version', '--no-sandbox']).status === 0
    ? null
    : 'chromium is not installed (apt-get install chromium, or CHROMIUM=/path/to/it)';

/** Says so where nobody can overlook it: a test that was not run is not a test that passed. */
export function leftOut(what: string): boolean {
  if (NO_BROWSER === null) return false;
  process.stdout.write(`\nLEFT OUT: ${what}: ${NO_BROWSER}.\n`);
  return true;
}

export function openChromium(): Promise<Browser> {
  // As root, which test machines often are, Chromium has no sandbox. It opens nothing but this test's own pages.
  return chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** One for a page: to end a session takes the page's authenticator away with it. */
const debuggers = new WeakMap<Page, CDPSession>();

async function debuggerOf(page: Page): Promise<CDPSession> {
  const known = debuggers.get(page) ?? (await page.context().newCDPSession(page));
  debuggers.set(page, known);
  return known;
}

/** An authenticator that verifies its owner and keeps passkeys, as a phone or a laptop does. */
export async function withAuthenticator(page: Page): Promise<{ cdp: CDPSession; id: string }> {
  const cdp = await debuggerOf(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  authenticators.set(page, authenticatorId);
  return { cdp, id: authenticatorId };
}

const authenticators = new WeakMap<Page, string>();

/** Whether the page's authenticator recognises its owner from now on. */
export async function verifies(page: Page, isUserVerified: boolean): Promise<void> {
  const authenticatorId = authenticators.get(page);
  if (authenticatorId === undefined) throw new Error('this page has no authenticator');
  await (await debuggerOf(page)).send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified });
}

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

export interface Look {
  readonly scheme: 'light' | 'dark';
  readonly width: number;
}

const LOOKS: readonly Look[] = [
  { scheme: 'light', width: 390 },
  { scheme: 'light', width: 1440 },
  { scheme: 'dark', width: 390 },
  { scheme: 'dark', width: 1440 },
];

/**
 * Looks at the page as it is now in both themes and two widths: nothing axe-core finds, nothing wider than the screen, no error on the
 * console. With SHOTS=<folder> it keeps pictures.
 */
export async function inspect(page: Page, name: string): Promise<void> {
  for (const { scheme, width } of LOOKS) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    // Colours halfway between two themes belong to neither.
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    // Scripts hear of the size and the scheme with the next frame, and draw in the one after.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))');
    const shots = process.env.SHOTS;
    if (shots !== undefined) await page.screenshot({ path: `${shots}/${name}-${scheme}-${width}.png`, fullPage: true });
    const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    expect([name, scheme, width, wide]).toEqual([name, scheme, width, 0]);
    // The policy of the pages refuses scripts that are not theirs: it is run by the debugger.
    const cdp = await debuggerOf(page);
    if ((await page.evaluate('typeof axe')) === 'undefined')
      await cdp.send('Runtime.evaluate', { expression: readFileSync(AXE, 'utf8') });
    const { result } = await cdp.send('Runtime.evaluate', {
      expression: `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
        .then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary)])))`,
      awaitPromise: true,
      returnByValue: true,
    });
    expect([name, scheme, width, JSON.parse(result.value as string)]).toEqual([name, scheme, width, []]);
  }
}
