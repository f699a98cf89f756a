import { Link } from '@tanstack/react-router';
import { ChevronLeft, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/client.ts';
import { Button } from './button.tsx';
import { PageHead } from './card.tsx';
import { Empty, Failed, isRefused, Loading } from './states.tsx';
import { Code, visible } from './text.tsx';

/** The list something belongs to. */
export interface Place {
  readonly to: string;
  readonly words: string;
  readonly search?: Readonly<Record<string, string>>;
}

/** The way back to the list one came from, the same on every page. */
export function Back({ to, words, search }: Place) {
  return (
    <Link
      {...({ to, search } as unknown as { readonly to: '/' })}
      className="-ml-1 inline-flex items-center text-soft hover:text-ink hover:underline"
    >
      <ChevronLeft className="size-4" aria-hidden /> {words}
    </Link>
  );
}

interface OneProps<T> {
  readonly query: { data: T | undefined; error: unknown; refetch: () => unknown };
  /** What it is, in a word: `agent`. */
  readonly kind: string;
  readonly id: string;
  readonly back: Place;
  /** Why there may be none of that id. */
  readonly gone: ReactNode;
  readonly lines?: number;
  readonly children: (data: T) => ReactNode;
}

/** The page of one thing: it has its heading and its way back also before it is there, and when it is not. */
export function One<T>({ query: { data, error, refetch }, kind, id, back, gone, lines = 10, children }: OneProps<T>) {
  if (data !== undefined && !isRefused(error)) return children(data);
  const failed = error !== null && error !== undefined;
  const missing = error instanceof ApiProblem && error.status === 404;
  const name = kind.charAt(0).toUpperCase() + kind.slice(1);
  return (
    <>
      <PageHead
        tab={missing ? `No such ${kind}` : `${name} ${visible(id).slice(0, 24)}`}
        back={<Back {...back} />}
        title={missing ? `No such ${kind}` : <span className="break-all">{visible(id)}</span>}
      />
      {missing ? (
        <Empty
          icon={SearchX}
          title={
            <>
              There is no {kind} <Code className="break-all">{id}</Code>
            </>
          }
          action={
            <Button asChild>
              <Link {...({ to: back.to, search: back.search } as unknown as { readonly to: '/' })}>
                Go to {back.words}
              </Link>
            </Button>
          }
        >
          {gone}
        </Empty>
      ) : failed ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : (
        <Loading lines={lines} />
      )}
    </>
  );
}
