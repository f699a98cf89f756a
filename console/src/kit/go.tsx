import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { cn } from './cn.ts';

interface Goes {
  readonly to: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly search?: Readonly<Record<string, string>>;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A link in a row that itself leads somewhere: it leads where it says, and only there. */
export function Go({ to, params, search, className, children }: Goes) {
  const where = { to, params, search } as unknown as { readonly to: '/' };
  return (
    <Link
      {...where}
      onClick={(event) => event.stopPropagation()}
      className={cn('underline decoration-line underline-offset-2 hover:decoration-current', className)}
    >
      {children}
    </Link>
  );
}
