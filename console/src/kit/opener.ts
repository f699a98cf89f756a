import { useRef } from 'react';

/** What had the focus last outside of dialogs. The entry of a menu is gone when its dialog opens: then it is what opened the menu. */
let last: HTMLElement | null = null;

document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof HTMLElement) || target.closest('[role=dialog]') !== null) return;
  const menu = target.closest('[role=menu]');
  last = menu === null ? target : document.getElementById(menu.getAttribute('aria-labelledby') ?? '');
});

/**
 * When a dialog closes, the focus goes back to what opened it; to the content where that is gone, or where one went to another page. For
 * dialogs without a trigger of their own: the library forgets where those came from.
 */
export function useOpener(): { readonly opened: () => void; readonly onCloseAutoFocus: (event: Event) => void } {
  const from = useRef<{ element: HTMLElement | null; path: string }>({ element: null, path: '' });
  return {
    opened() {
      from.current = { element: last, path: window.location.pathname };
    },
    onCloseAutoFocus(event) {
      event.preventDefault();
      // Another one is open by now, and has it.
      if (document.querySelector('[role=dialog][data-state=open]') !== null) return;
      const { element, path } = from.current;
      const stays = element?.isConnected === true && path === window.location.pathname;
      const back = stays ? element : document.getElementById('main');
      back?.focus({ preventScroll: !stays });
    },
  };
}
