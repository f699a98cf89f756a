import { Monitor, Moon, Sun } from 'lucide-react';
import { Panel } from '../../kit/card.tsx';
import { cn } from '../../kit/cn.ts';
import { Time } from '../../kit/time.tsx';
import { chooseTheme, type ThemeChoice, useThemeChoice } from '../../shell/theme.ts';

const CHOICES: readonly (readonly [ThemeChoice, string, typeof Sun])[] = [
  ['system', 'As the system', Monitor],
  ['light', 'Light', Sun],
  ['dark', 'Dark', Moon],
];

/** Kept in this browser, for whoever uses it. */
export function Appearance() {
  const choice = useThemeChoice();
  return (
    <Panel title="Appearance" note="Kept in this browser.">
      <fieldset>
        <legend className="mb-2 text-[13px] font-medium">Theme</legend>
        <div className="flex flex-wrap gap-2">
          {CHOICES.map(([id, words, Icon]) => (
            <label
              key={id}
              className={cn(
                'flex cursor-pointer items-center gap-2 rounded-lg border px-3 py-2 has-focus-visible:outline-2 has-focus-visible:outline-accent',
                id === choice ? 'border-accent bg-accent-tint' : 'border-edge/60',
              )}
            >
              <input
                type="radio"
                name="theme"
                className="sr-only"
                checked={id === choice}
                onChange={() => chooseTheme(id)}
              />
              <Icon className="size-4" aria-hidden /> {words}
            </label>
          ))}
        </div>
      </fieldset>
      <p className="mt-4 text-[13px] text-soft">
        Times are in your zone, {Intl.DateTimeFormat().resolvedOptions().timeZone}, with UTC when you point at them: it
        is <Time ms={Date.now()} /> now.
      </p>
    </Panel>
  );
}
