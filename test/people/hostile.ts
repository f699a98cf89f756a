import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Texts that would run, hide or reorder something where a page took them for more than text. Each sets `pwned` if it runs. */
export const HOSTILE = {
  image: `<img src=x onerror="window.pwned='image'">`,
  script: `</script><script>window.pwned='script'</script>`,
  svg: `"><svg onload="window.pwned='svg'">`,
  attribute: `' onmouseover='window.pwned=1' autofocus onfocus='window.pwned=1' x='`,
  template: "{{constructor.constructor('window.pwned=1')()}}",
  address: `javascript:window.pwned='address'//`,
  frame: `<iframe srcdoc="<script>parent.pwned='frame'</script>"></iframe>`,
  style: `</style><style>body{display:none!important}</style>`,
  json: `","__proto__":{"pwned":1},"x":"`,
  hidden: 'pay\u202egpj.exe\u200b\u2066now',
} as const;

/** All of them in one. */
export const EVERYTHING_HOSTILE = Object.values(HOSTILE).join(' ');

/**
 * The page as it is now has taken none of them for more than text: nothing ran, nothing of theirs became an element, and no direction
 * was turned around unseen. `shown`: texts that must be readable on it, so that the test cannot pass on an empty page.
 */
export async function onlyText(page: Page, shown: readonly string[]): Promise<void> {
  for (const text of shown) await page.getByText(text, { exact: false }).first().waitFor();
  const found = await page.evaluate(`(() => {
    const made = [
      ...document.querySelectorAll(
        'img[src="x"], [onerror], [onload], [onfocus], [onmouseover], iframe, a[href^="javascript:"], body script, body style:not([nonce])',
      ),
    ].map((element) => element.outerHTML.slice(0, 200));
    const bidi = /[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText);
    const hidden = getComputedStyle(document.body).display;
    return { ran: window.pwned ?? null, made, polluted: ({}).pwned ?? null, bidi, hidden };
  })()`);
  expect(found).toEqual({ ran: null, made: [], polluted: null, bidi: false, hidden: 'block' });
}
