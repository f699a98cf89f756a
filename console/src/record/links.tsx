import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { cn } from '../kit/cn.ts';
import { visible } from '../kit/text.tsx';

/** Underlined where they stand in a sentence; in a list it is clear where they are. */
const LOOK =
  'text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent [[role=grid]_&]:no-underline [[role=grid]_&]:hover:underline';

/** Names that lead to what they name. Text only, with hidden characters written out, whatever an agent or a server put there. */
function To({
  to,
  search,
  children,
  className,
}: {
  to: string;
  search?: Record<string, string>;
  children: ReactNode;
  className?: string | undefined;
}) {
  return (
    <Link
      to={to}
      {...(search === undefined ? {} : { search: search as never })}
      onClick={(event) => event.stopPropagation()}
      className={cn(LOOK, className)}
    >
      {children}
    </Link>
  );
}

interface Of {
  readonly id: string;
  readonly children?: ReactNode;
  readonly className?: string;
}

export function AgentLink({ id, children, className }: Of) {
  return (
    <To to={`/agents/${encodeURIComponent(id)}`} className={className}>
      {children ?? visible(id)}
    </To>
  );
}

export function PersonLink({ id, children, className }: Of) {
  return (
    <To to={`/people/${encodeURIComponent(id)}`} className={className}>
      {children ?? visible(id)}
    </To>
  );
}

export function ServerLink({ id, children, className }: Of) {
  return (
    <To to={`/servers/${encodeURIComponent(id)}`} className={className}>
      {children ?? visible(id)}
    </To>
  );
}

export function CallLink({ id, children, className }: Of) {
  return (
    <To to={`/calls/${encodeURIComponent(id)}`} className={className}>
      {children ?? <code className="font-mono text-[0.92em]">{visible(id)}</code>}
    </To>
  );
}

export function SessionLink({ id, children, className }: Of) {
  return (
    <To to={`/sessions/${encodeURIComponent(id)}`} className={className}>
      {children ?? <code className="font-mono text-[0.92em]">{visible(id)}</code>}
    </To>
  );
}

export function TransactionLink({ id, children, className }: Of) {
  return (
    <To to={`/transactions/${encodeURIComponent(id)}`} className={className}>
      {children ?? <code className="font-mono text-[0.92em]">{visible(id)}</code>}
    </To>
  );
}

export function RecordLink({ seq }: { seq: number }) {
  return (
    <To to="/audit" search={{ seq: String(seq) }} className="tabular">
      {seq}
    </To>
  );
}

export function PolicyLink({ file, id }: { file: string; id: string }) {
  return (
    <To to="/policies" search={{ file, policy: id }}>
      <code className="font-mono text-[0.92em]">{visible(`${file}#${id}`)}</code>
    </To>
  );
}

export function ApprovalLink({ id }: { id: string }) {
  return (
    <To to="/approvals" search={{ id }}>
      <code className="font-mono text-[0.92em]">{visible(id)}</code>
    </To>
  );
}
