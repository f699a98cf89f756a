import { Dialog } from '../kit/dialog.tsx';
import { PLACES } from './places.ts';

const OTHERS = [
  ['Ctrl K', 'Search and commands'],
  ['/', 'Into the search of the page'],
  ['j / k', 'Down and up in a list'],
  ['Enter', 'Open what is chosen'],
  ['Esc', 'Close what is in front'],
  ['?', 'This list'],
] as const;

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const places = PLACES.flatMap(({ places: all }) => all);
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title="Keyboard shortcuts"
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5">
        {[...OTHERS, ...places.map(({ key, words }) => [`g ${key}`, words] as const)].map(([keys, words]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd className="rounded border bg-sunk px-1.5 py-0.5 font-mono text-xs">{keys}</kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
