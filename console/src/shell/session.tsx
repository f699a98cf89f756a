import { notifyManager, useQueryClient } from '@tanstack/react-query';
import { CloudOff, LogIn } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { ApiProblem, me, signIn } from '../api/client.ts';
import { useSession } from '../api/session.ts';
import { Button } from '../kit/button.tsx';
import { Time } from '../kit/time.tsx';

/**
 * In front of everything once the session is over: the page behind is hidden and kept, with all that was written in it. It goes on as
 * soon as the same person is signed in again, in whatever tab.
 */
export function SignedOut() {
  const state = useSession();
  const client = useQueryClient();
  const look = useCallback(async (): Promise<void> => {
    // Refused once more: it stays as it is.
    const who = await me().catch(() => null);
    if (who === null) return;
    client.setQueryData(['me'], who);
    await client.invalidateQueries({ queryKey: ['get'] });
  }, [client]);
  useEffect(() => {
    if (state !== 'over') return;
    const onFocus = (): void => void look();
    window.addEventListener('focus', onFocus);
    return () => window.removeEventListener('focus', onFocus);
  }, [state, look]);
  const keep = (event: Event): void => event.preventDefault();
  return (
    <Radix.Root open={state !== 'fine'}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 bg-ground" />
        <Radix.Content
          onEscapeKeyDown={keep}
          onPointerDownOutside={keep}
          onInteractOutside={keep}
          className="fixed top-[20vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 rounded-2xl border bg-card p-5 shadow-2xl"
        >
          <Radix.Title className="text-[17px] font-semibold tracking-tight">
            {state === 'other' ? 'Somebody else is signed in here now' : 'You are signed out'}
          </Radix.Title>
          <Radix.Description className="mt-1 text-soft">
            {state === 'other'
              ? 'In another tab of this browser. This page was shown to another person: load it again to go on as who is signed in.'
              : 'The session has ended. This page is kept as it is, with whatever you were writing: sign in again in another tab and come back.'}
          </Radix.Description>
          <div className="mt-4 flex flex-wrap justify-end gap-2">
            {state === 'other' ? (
              <Button look="accent" onClick={() => window.location.reload()}>
                Load it again
              </Button>
            ) : (
              <>
                <Button look="quiet" onClick={signIn}>
                  Sign in here, drop what is on this page
                </Button>
                <Button onClick={() => void look()}>I have signed in</Button>
                <Button asChild look="accent">
                  <a href="/sign-in?return=%2Faccount" target="_blank" rel="noopener">
                    <LogIn aria-hidden /> Sign in in a new tab
                  </a>
                </Button>
              </>
            )}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Said while what is on the page cannot be asked for again: numbers that stand still must not look like numbers of now. */
export function Unanswered() {
  const cache = useQueryClient().getQueryCache();
  const subscribe = useCallback((listener: () => void) => cache.subscribe(notifyManager.batchCalls(listener)), [cache]);
  const oldestMs = useSyncExternalStore(subscribe, () => {
    const times = cache
      .findAll({ type: 'active' })
      .filter(({ state: { error, data } }) => data !== undefined && isUnreachable(error))
      .map(({ state: { dataUpdatedAt } }) => dataUpdatedAt);
    return times.length === 0 ? null : Math.min(...times);
  });
  if (oldestMs === null) return null;
  return (
    <p
      role="alert"
      className="mb-4 flex items-center gap-3 rounded-lg border border-bad-line bg-bad-tint px-4 py-2.5 text-bad"
    >
      <CloudOff className="size-4 shrink-0" aria-hidden />
      <span>
        The gateway does not answer. What is shown is of <Time ms={oldestMs} look="stamp" />, and may not be so any
        more.
      </span>
    </p>
  );
}

function isUnreachable(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status >= 500);
}
