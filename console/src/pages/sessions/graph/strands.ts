import type { CallView, Handover } from '../../../../../src/model/insight/records.ts';
import type { Story } from '../story.ts';

/** What one agent did with one authority: the person it is for, through whom it came, and the hop that brought it. */
export interface Strand {
  readonly id: string;
  readonly agent: string;
  /** Agents from the first to this one. */
  readonly path: readonly string[];
  readonly subject: string | null;
  readonly hop: Handover | null;
  /** The strand it was handed on from; `null`: from the person, or on its own. */
  readonly parent: string | null;
  /** The call after which it was handed on; `null`: before the first, or not on record. */
  after: string | null;
  readonly calls: CallView[];
}

/** Who did what on whose behalf, in the order in which they came in. Also agents that only handed on. */
export function strandsOf(calls: readonly CallView[], links: Story['links']): readonly Strand[] {
  const strands = new Map<string, Strand>();
  const at = new Map(calls.map((call) => [call.call, call]));
  const cause = new Map(links.flatMap(({ from, to, kind }) => (kind === 'delegated' ? [[to, from] as const] : [])));
  for (const call of calls) {
    const path = pathOf(call);
    const hops = hopsOf(call);
    let parent: string | null = null;
    const fresh: (Strand | null)[] = [];
    for (const [level, agent] of path.entries()) {
      const upTo = path.slice(0, level + 1);
      const hop = level === 0 ? null : (hops.findLast(({ to }) => to === agent) ?? null);
      const seqs = hops.slice(0, hop === null ? 0 : hops.indexOf(hop) + 1).map(({ seq }) => seq);
      const id = JSON.stringify([call.subject, upTo, seqs]);
      let strand = strands.get(id);
      fresh.push(strand === undefined ? null : strand);
      if (strand === undefined) {
        strand = { id, agent, path: upTo, subject: call.subject, hop, parent, after: null, calls: [] };
        strands.set(id, strand);
        fresh[level] = strand;
        const from = at.get(cause.get(call.call) ?? '');
        // Of several that are new at once the first hangs where the work was handed on.
        if (from !== undefined && level > 0 && from.agent === path[level - 1]) strand.after = from.call;
      }
      if (level === path.length - 1) strand.calls.push(call);
      parent = id;
    }
  }
  return [...strands.values()];
}

/** Agents from the first to the one that acts. */
export function pathOf({ agent, chain }: Pick<CallView, 'agent' | 'chain'>): readonly string[] {
  const others = chain.filter((id) => id !== agent);
  return [...others.toReversed(), agent];
}

/** Those in which the work came to another agent. */
function hopsOf({ handovers }: Pick<CallView, 'handovers'>): readonly Handover[] {
  return handovers.filter(({ how, from, to }) => how === 'exchange' && from !== to);
}

/** Every way authority took, the longest only: `alice → buyer → checker`, not `alice → buyer` besides. */
export function pathsOf(calls: readonly CallView[]): readonly { subject: string | null; path: readonly string[] }[] {
  const found = new Map<string, { subject: string | null; path: readonly string[] }>();
  for (const call of calls) {
    const path = pathOf(call);
    found.set(JSON.stringify([call.subject, ...path]), { subject: call.subject, path });
  }
  const all = [...found.values()];
  return all.filter(
    (one) =>
      !all.some(
        (other) =>
          other !== one &&
          other.subject === one.subject &&
          other.path.length > one.path.length &&
          one.path.every((agent, i) => other.path[i] === agent),
      ),
  );
}
