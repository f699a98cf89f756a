import { ArrowRight } from 'lucide-react';
import { AgentLink, PersonLink } from './links.tsx';

/** Who acts on whose behalf, from the root to the one that acts: `alice → buyer → checker`. */
export function Chain({ subject, path }: { subject: string | null; path: readonly string[] }) {
  return (
    <span className="inline-flex flex-wrap items-center gap-x-1.5 leading-6">
      {subject !== null && (
        <>
          <PersonLink id={subject} />
          <Arrow words="lets" />
        </>
      )}
      {path.map((agent, i) => (
        <span key={agent} className="inline-flex items-center gap-x-1.5">
          {i > 0 && <Arrow words="hands on to" />}
          <AgentLink id={agent} />
        </span>
      ))}
      {subject !== null && <span className="sr-only">act</span>}
    </span>
  );
}

function Arrow({ words }: { words: string }) {
  return (
    <>
      <ArrowRight className="size-3.5 shrink-0 text-soft" aria-hidden />
      <span className="sr-only">{words}</span>
    </>
  );
}
