import type { Handover } from '../../../../model/insight/records.ts';
import { isObject, type Json } from '../../../../model/json.ts';
import type { Entry } from '../../../format/frame.ts';
import { timeOf } from '../../fill/rows.ts';
import { fieldTerm } from '../../tokens.ts';
import type { Places } from '../places.ts';
import type { Searcher } from '../search.ts';

/** More than a chain can have: an agent may narrow its own token in between. */
const MAX_LEVELS = 8;
/** Credentials of one level; what goes beyond is left out. */
const MAX_CREDENTIALS = 200;
/** Records read at once, and pages of them for one level: whoever exchanges without end crowds nobody else out. */
const AT_ONCE = 200;
const MAX_PAGES = 20;
/** Credentials a story follows; what goes beyond is left out. */
const MAX_FOUND = AT_ONCE * MAX_PAGES;
const ACTS: Readonly<Record<string, Handover['how']>> = {
  'token.exchange': 'exchange',
  'token.id-jag': 'id-jag',
  'token.workload': 'workload',
};

/** A hop, with the credential it rested on and the one it gave. */
export interface Handed extends Handover {
  readonly parent: string | null;
  readonly child: string;
}

/** How authority went from token to token, by the records written before each was given out. */
export class Handovers {
  readonly #searcher: Searcher;
  readonly #places: Places;

  constructor(searcher: Searcher, places: Places) {
    this.#searcher = searcher;
    this.#places = places;
  }

  /** What these credentials came from, by the credential each hop gave. */
  async up(credentials: Iterable<string>): Promise<ReadonlyMap<string, Handed>> {
    const made = new Map<string, Handed>();
    let level = [...new Set(credentials)];
    for (let levels = 0; level.length > 0 && levels < MAX_LEVELS; levels++) {
      const wanted = new Set(level);
      level = [];
      for (const hop of await this.#naming(wanted)) {
        if (!wanted.has(hop.child) || made.has(hop.child)) continue;
        made.set(hop.child, hop);
        // An assertion from elsewhere is the root.
        if (hop.how === 'exchange' && hop.parent !== null && !made.has(hop.parent)) level.push(hop.parent);
      }
    }
    return made;
  }

  /** The credentials that were made of these, and of those. */
  async down(credentials: Iterable<string>): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    let level = [...new Set(credentials)];
    for (let levels = 0; level.length > 0 && levels < MAX_LEVELS; levels++) {
      const wanted = new Set(level);
      level = [];
      for (const { how, parent, child } of await this.#naming(wanted)) {
        if (how !== 'exchange' || parent === null || !wanted.has(parent) || found.has(child)) continue;
        if (found.size >= MAX_FOUND) return found;
        found.add(child);
        level.push(child);
      }
    }
    return found;
  }

  async #naming(credentials: ReadonlySet<string>): Promise<readonly Handed[]> {
    const whole = this.#searcher.whole();
    if (whole === null) return [];
    const acts = Object.keys(ACTS).map((act) => fieldTerm('act', act));
    const ids = [...credentials].slice(0, MAX_CREDENTIALS).map((each) => fieldTerm('id', each));
    const expression = `(${acts.join(' OR ')}) AND (${ids.join(' OR ')})`;
    const hops: Handed[] = [];
    let { low } = whole;
    for (let page = 0; page < MAX_PAGES; page++) {
      const seqs = this.#searcher.seqs(expression, { low, high: whole.high }, AT_ONCE);
      for (const entry of await this.#places.read(seqs)) {
        const hop = handedOf(entry);
        if (hop !== null) hops.push(hop);
      }
      if (seqs.length < AT_ONCE) break;
      low = seqs.at(-1)! + 1;
    }
    return hops;
  }
}

/** Oldest first. */
export function hopsTo(credential: string, made: ReadonlyMap<string, Handed>): readonly Handed[] {
  const hops: Handed[] = [];
  for (let hop = made.get(credential); hop !== undefined && !hops.includes(hop); hop = made.get(hop.parent ?? ''))
    hops.unshift(hop);
  return hops;
}

export function shownHop({ parent: _parent, child: _child, ...shown }: Handed): Handover {
  return shown;
}

function handedOf(entry: Entry): Handed | null {
  const { record, seq } = entry;
  if (record.type !== 'admin' || !isObject(record.detail)) return null;
  const { detail } = record;
  const how = ACTS[record.act];
  const child = text(detail.child);
  if (how === undefined || child === null) return null;
  return {
    ...{ seq, atMs: timeOf(entry), how, parent: text(detail.parent), child },
    from: text(how === 'exchange' ? detail.from : detail.issuer) ?? record.by,
    to: text(how === 'workload' ? detail.agent : detail.to) ?? record.by,
    ...{ connection: text(detail.connection), scopes: textsOf(detail.scopes), task: text(detail.task) },
  };
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function textsOf(value: Json | undefined): readonly string[] | null {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}
