import type { Expression, RelationDefinition, RelationModel } from '../language/model.ts';
import type { Tuples } from './tuples.ts';

/** A model in the numbers of the tuples it is evaluated over. A relation holds when one of its ways leads to the subject. */
export interface Plan {
  /** By type and relation, both as words of the tuples. */
  node(type: number, relation: number): PlanNode | undefined;
  readonly nodes: readonly PlanNode[];
}

export interface PlanNode {
  /** Its place in `nodes`. */
  readonly at: number;
  readonly relation: number;
  readonly ways: readonly Way[];
}

export type Way =
  | { readonly kind: 'direct'; readonly relation: number; readonly allowed: Allowed }
  | { readonly kind: 'computed'; readonly relation: number }
  /** Only single subjects of types the tupleset takes lead on: a tuple an older model let in counts for nothing. */
  | {
      readonly kind: 'from';
      readonly relation: number;
      readonly tupleset: number;
      readonly parents: ReadonlySet<number>;
    }
  /** `id` is its own among all of the plan: with an object, it names one question. */
  | { readonly kind: 'all'; readonly id: number; readonly operands: readonly (readonly Way[])[] }
  | { readonly kind: 'except'; readonly id: number; readonly base: readonly Way[]; readonly subtract: readonly Way[] };

/** The type restrictions of a relation: `user` by type, `user:*` by type, `group#member` by type and relation. */
export interface Allowed {
  readonly single: ReadonlySet<number>;
  readonly everyone: ReadonlySet<number>;
  readonly sets: ReadonlyMap<number, ReadonlySet<number>>;
}

/** Pure but for the words it adds to `tuples`. */
export function makePlan(model: RelationModel, tuples: Tuples): Plan {
  const nodes: PlanNode[] = [];
  const byType: (readonly (PlanNode | undefined)[])[] = [];
  const ids = { next: 0 };
  for (const [type, relations] of model.types) {
    const ofType: PlanNode[] = [];
    byType[tuples.word(type)] = ofType;
    for (const [name, definition] of relations) {
      const relation = tuples.word(name);
      const ways = waysOf(definition.expression, { tuples, relations, definition, relation, ids });
      const node = { at: nodes.length, relation, ways };
      nodes.push(node);
      ofType[relation] = node;
    }
  }
  return { nodes, node: (type, relation) => byType[type]?.[relation] };
}

interface Place {
  readonly tuples: Tuples;
  readonly relations: ReadonlyMap<string, RelationDefinition>;
  readonly definition: RelationDefinition;
  readonly relation: number;
  readonly ids: { next: number };
}

/** A union is its parts one after the other; everything else is one way. */
function waysOf(expression: Expression, place: Place): readonly Way[] {
  const { tuples, ids } = place;
  switch (expression.kind) {
    case 'union':
      return expression.parts.flatMap((part) => waysOf(part, place));
    case 'direct':
      return [{ kind: 'direct', relation: place.relation, allowed: allowedOf(place.definition, tuples) }];
    case 'computed':
      return [{ kind: 'computed', relation: tuples.word(expression.relation) }];
    case 'from': {
      const tupleset = place.relations.get(expression.tupleset);
      const parents = tupleset === undefined ? new Set<number>() : allowedOf(tupleset, tuples).single;
      const words = { relation: tuples.word(expression.relation), tupleset: tuples.word(expression.tupleset) };
      return [{ kind: 'from', ...words, parents }];
    }
    case 'intersection':
      return [{ kind: 'all', id: ids.next++, operands: expression.parts.map((part) => waysOf(part, place)) }];
    case 'difference': {
      const id = ids.next++;
      const [base, subtract] = [waysOf(expression.base, place), waysOf(expression.subtract, place)];
      return [{ kind: 'except', id, base, subtract }];
    }
  }
}

function allowedOf({ subjects }: RelationDefinition, tuples: Tuples): Allowed {
  const single = new Set<number>();
  const everyone = new Set<number>();
  const sets = new Map<number, Set<number>>();
  for (const { type, relation, wildcard } of subjects) {
    const word = tuples.word(type);
    if (wildcard) everyone.add(word);
    else if (relation === null) single.add(word);
    else sets.set(word, (sets.get(word) ?? new Set()).add(tuples.word(relation)));
  }
  return { single, everyone, sets };
}
