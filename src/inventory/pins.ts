import type { Finding } from '../model/tool.ts';
import type { PinRow } from '../ports/stores.ts';
import { diffJson } from './diff.ts';
import type { Sighting } from './findings.ts';

export interface Looking {
  readonly server: string;
  /**
   * first: nothing of this server was ever accepted or seen before this look, and the operator trusts the first sight.
   * review: the operator wants to see everything new.
   * known: the server already has tools; a new one is not what was trusted.
   */
  readonly sight: 'first' | 'review' | 'known';
  readonly nowMs: number;
}

/**
 * What a sighting makes of a pin: the whole rule of pinning, in one place. `null`: nothing changes.
 *
 * A definition is pinned without a person only when it is seen first, in a first look, and nothing about it is suspicious. From then
 * on every other definition under that name holds the tool back until an operator accepts one, also when the server goes back to what
 * was accepted: somebody should know that it moved.
 */
export function nextPin(row: PinRow | undefined, sighting: Sighting, looking: Looking): PinRow | null {
  const { name, definition, hash, findings } = sighting;
  const base = { server: looking.server, tool: name, seenHash: hash, seen: definition, seenAtMs: looking.nowMs };
  if (row === undefined) {
    const held = [...newness(looking), ...findings];
    if (held.length > 0) return { ...base, acceptedHash: null, accepted: null, state: 'quarantined', findings: held };
    return { ...base, acceptedHash: hash, accepted: definition, state: 'pinned', findings: [] };
  }
  const kept = { acceptedHash: row.acceptedHash, accepted: row.accepted, state: 'quarantined' as const };
  if (row.seenHash !== hash) return { ...base, ...kept, findings: [changed(row, sighting), ...findings] };
  // The definition is the accepted one, but the list it stands in has a second tool of that name.
  const ambiguous = findings.filter((finding) => finding.code === 'duplicate-name' && finding.at === '');
  if (row.state === 'pinned' && ambiguous.length > 0) return { ...base, ...kept, findings: ambiguous };
  return null;
}

function newness({ sight }: Looking): Finding[] {
  if (sight === 'first') return [];
  const message =
    sight === 'review'
      ? 'the server is under review: every tool waits to be accepted'
      : 'the tool appeared after the server was first seen';
  return [{ code: 'new-tool', message, at: '' }];
}

function changed(row: PinRow, { definition, hash }: Sighting): Finding {
  if (hash === row.acceptedHash) {
    return { code: 'changed', message: 'the definition changed and has changed back to the accepted one', at: '' };
  }
  const places = diffJson(row.accepted ?? row.seen, definition).map((difference) => difference.at);
  const listed = places.slice(0, 5).map((at) => at || 'everything');
  const rest = places.length > listed.length ? ` and ${places.length - listed.length} more` : '';
  const since = row.acceptedHash === null ? 'it was last seen' : 'it was accepted';
  return {
    code: 'changed',
    message: `the definition changed since ${since}: ${listed.join(', ')}${rest}`,
    at: places[0] ?? '',
  };
}
