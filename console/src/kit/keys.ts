import { useEffect, useRef } from 'react';

const OWN_KEYS: readonly (readonly [RegExp, string])[] = [
  [/^( |Enter)$/, 'button, a[href], summary, [role="tab"], [role="menuitem"], [role="option"]'],
  [
    /^(Arrow.*|Home|End|Page.*)$/,
    '[role="tablist"], [role="grid"], [role="menu"], [role="listbox"], [role="radiogroup"]',
  ],
];

/** What has the focus does something of its own with that key. */
function belongsTo(target: HTMLElement | null, key: string): boolean {
  return OWN_KEYS.some(([keys, who]) => keys.test(key) && (target?.closest(who) ?? null) !== null);
}

/** Single keys and pairs ("g a"), only while nobody types. The page's own; the latest render's handlers are called. */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    let before = { key: '', at: 0 };
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null;
      const typing = target !== null && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (!typing && belongsTo(target, event.key)) return;
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      // A dialog in front has the keyboard to itself.
      if (document.querySelector('[role="dialog"][data-state="open"]') !== null) return;
      const pair = event.timeStamp - before.at < 800 ? `${before.key} ${event.key}` : '';
      const run = current.current[pair] ?? current.current[event.key];
      before = { key: event.key, at: event.timeStamp };
      if (run === undefined) return;
      event.preventDefault();
      run(event);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
