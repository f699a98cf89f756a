/** How long after the last touch of a key or pointer somebody counts as there. */
const THERE_MS = 60_000;

let lastInputMs = Date.now();

for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
  window.addEventListener(kind, () => (lastInputMs = Date.now()), { passive: true, capture: true });

/**
 * Whether nobody has touched this page for a while. It goes on asking by itself; that must not keep a session alive at a desk somebody
 * has left.
 */
export function isUnattended(): boolean {
  return Date.now() - lastInputMs > THERE_MS;
}
