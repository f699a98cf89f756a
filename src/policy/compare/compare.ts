import type { Decision } from '../../model/decision.ts';
import type { PolicyChange } from '../../model/insight/policies.ts';

/** What an effect became, by how often: `permit→deny`. */
export type ByChange = Record<string, number>;

/** Decisions made twice, counted. The first or the last changes are kept, as many as are asked for. */
export interface Tally<C> {
  decisions: number;
  changed: number;
  readonly byChange: ByChange;
  readonly changes: C[];
}

export function newTally<C>(): Tally<C> {
  return { decisions: 0, changed: 0, byChange: {}, changes: [] };
}

export interface Difference
  extends Pick<PolicyChange, 'before' | 'after' | 'what' | 'reasonsBefore' | 'reasonsAfter'> {}

/**
 * What differs between two decisions on the same question, for whoever is affected: the effect, who is asked, what is done with the
 * call. `null`: nothing does; that other policies gave the same answer is no difference.
 */
export function differenceOf(before: Decision, after: Decision): Difference | null {
  const what = whatDiffers(before, after);
  if (what === null) return null;
  return {
    ...{ before: before.effect, after: after.effect, what },
    reasonsBefore: whyOf(before),
    reasonsAfter: whyOf(after),
  };
}

function whatDiffers(before: Decision, after: Decision): PolicyChange['what'] | null {
  if (before.effect !== after.effect) return 'effect';
  if (before.effect === 'deny') return null;
  if (before.effect === 'ask' && !sameTexts(askedOf(before), askedOf(after))) return 'asks';
  return sameTexts(obligationsOf(before), obligationsOf(after)) ? null : 'obligations';
}

function askedOf({ ask, asks }: Decision): readonly string[] {
  return asks === undefined ? ask : asks.map(({ text, agent }) => `${agent} ${text}`);
}

function obligationsOf({ obligations }: Decision): readonly string[] {
  return obligations.map(({ name, detail }) => `${name}:${detail}`);
}

function whyOf({ reasons, errors }: Decision): readonly string[] {
  return errors.length === 0 ? reasons : errors.map((policy) => `${policy} (failed)`);
}

/** In any order, however often. */
function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  const left = new Set(a);
  const right = new Set(b);
  return left.size === right.size && [...left].every((text) => right.has(text));
}

/** Counts one decision; a change is `keep`t by whoever counts. */
export function count<C>(tally: Tally<C>, difference: Difference | null, keep: (difference: Difference) => void): void {
  tally.decisions++;
  if (difference === null) return;
  tally.changed++;
  const { before, after, what } = difference;
  const key = what === 'effect' ? `${before}→${after}` : `${before}→${after} (other ${what})`;
  tally.byChange[key] = (tally.byChange[key] ?? 0) + 1;
  keep(difference);
}
