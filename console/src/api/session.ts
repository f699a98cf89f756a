import { focusManager } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

/** `over`: whoever looked at this page is signed out. `other`: somebody else is signed in in this browser by now. */
export type SessionState = 'fine' | 'over' | 'other';

let state: SessionState = 'fine';
const listeners = new Set<() => void>();

/** While it is not fine nothing is asked again and again: it would be refused each time. */
export function setSession(next: SessionState): void {
  if (next === state) return;
  state = next;
  focusManager.setFocused(next === 'fine' ? undefined : false);
  for (const listener of listeners) listener();
}

export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, () => state);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
