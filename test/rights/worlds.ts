import fc from 'fast-check';
import type { RelationTuple } from '../../src/ports/identity-stores.ts';
import type { Node, ReferenceModel } from './reference.ts';

/** Random worlds: models, the same models as text, and tuples that mostly fit them. */
const TYPES = ['group', 'folder', 'doc'] as const;
const RELATIONS = ['r0', 'r1', 'r2', 'r3'] as const;
const TAKES = ['user', 'user:*', 'group', 'folder', 'group#r0', 'group#r1', 'folder#r2', 'doc#r1'] as const;

/** With `layered`, "but not" only looks at relations with a lower number: nothing depends on its own absence. */
export function anyModel(layered: boolean): fc.Arbitrary<ReferenceModel> {
  const relations = fc.tuple(...RELATIONS.map((_, rank) => anyDefinition(rank, layered)));
  return fc.tuple(...TYPES.map(() => relations)).map((byType) => {
    const model: Record<string, Record<string, { takes: readonly string[]; is: Node }>> = { user: {} };
    for (const [i, type] of TYPES.entries()) {
      model[type] = { parent: { takes: ['group', 'folder'], is: { op: 'self' } } };
      for (const [rank, definition] of byType[i]!.entries()) model[type][RELATIONS[rank]!] = definition;
    }
    return model;
  });
}

function anyDefinition(rank: number, layered: boolean) {
  const takes = fc
    .uniqueArray(fc.constantFrom(...TAKES), { minLength: 1, maxLength: 3 })
    // A set of a higher rank would let a "but not" above it look back at itself.
    .map((list) => ['user', ...list.filter((one) => one !== 'user' && (!layered || rankOf(one) <= rank))]);
  const direct: Node = { op: 'self' };
  const names = (count: number) => RELATIONS.slice(0, Math.max(1, count));
  const from = (count: number) =>
    fc.constantFrom(...names(count)).map((name): Node => ({ op: 'from', name, tupleset: 'parent' }));
  const parents = from(layered ? rank + 1 : RELATIONS.length);
  if (rank === 0)
    return fc.record({ takes, is: fc.oneof(fc.constant(direct), join('or', fc.constant(direct), parents)) });
  const lower = fc.oneof(
    fc.constantFrom(...names(rank)).map((name): Node => ({ op: 'rel', name })),
    from(rank),
  );
  // Rings go through tuples: sets of its own kind, and parents. The language refuses those that need none.
  const added = fc.oneof(lower, parents);
  const taken = layered ? lower : added;
  const start = fc.oneof(
    fc.constant(direct),
    join('or', fc.constant(direct), added),
    join('and', fc.constant(direct), lower),
  );
  const plain = fc.oneof(start, join('or', start, added), join('and', start, lower));
  const excluding = fc.oneof(plain, join('not', start, taken), join('or', join('not', start, taken), added));
  return fc.record({ takes, is: excluding });
}

function rankOf(takes: string): number {
  return takes.includes('#r') ? Number(takes.at(-1)) : 0;
}

function join(op: 'or' | 'and' | 'not', left: fc.Arbitrary<Node>, right: fc.Arbitrary<Node>): fc.Arbitrary<Node> {
  return fc.tuple(left, right).map(([l, r]) => ({ op, left: l, right: r }));
}

export function textOf(model: ReferenceModel): string {
  const lines = ['model', '  schema 1.1', ''];
  for (const [type, relations] of Object.entries(model)) {
    lines.push(`type ${type}`);
    if (Object.keys(relations).length > 0) lines.push('  relations');
    for (const [name, { takes, is }] of Object.entries(relations)) {
      lines.push(`    define ${name}: ${write(is, takes, true)}`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

function write(node: Node, takes: readonly string[], outermost: boolean): string {
  switch (node.op) {
    case 'self':
      return `[${takes.join(', ')}]`;
    case 'rel':
      return node.name;
    case 'from':
      return `${node.name} from ${node.tupleset}`;
    default: {
      const word = node.op === 'not' ? 'but not' : node.op;
      const text = `${write(node.left, takes, false)} ${word} ${write(node.right, takes, false)}`;
      return outermost ? text : `(${text})`;
    }
  }
}

const OBJECTS = TYPES.flatMap((type) => [1, 2].map((n) => `${type}:${n}`));
const SETS = [1, 2].flatMap((n) => [`group:${n}#r0`, `group:${n}#r1`, `folder:${n}#r2`, `doc:${n}#r1`]);
const object = fc.constantFrom(...OBJECTS);
const relation = fc.constantFrom(...RELATIONS);

/** Few objects, so that rings are common; some tuples no model allows. */
export const anyTuples: fc.Arbitrary<RelationTuple[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ object, relation: fc.constant('parent'), subject: object }) },
    { weight: 4, arbitrary: fc.record({ object, relation, subject: fc.constantFrom('user:1', 'user:2') }) },
    { weight: 3, arbitrary: fc.record({ object, relation, subject: fc.constantFrom(...SETS) }) },
    { weight: 1, arbitrary: fc.record({ object, relation, subject: fc.constantFrom('user:*', ...OBJECTS) }) },
  ),
  { minLength: 10, maxLength: 50, size: 'max' },
);
