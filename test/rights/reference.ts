import type { RelationTuple } from '../../src/ports/identity-stores.ts';

/** An expression of the language as the generator of models builds it; shares nothing with the code it checks. */
export type Node =
  | { readonly op: 'self' }
  | { readonly op: 'rel'; readonly name: string }
  | { readonly op: 'from'; readonly name: string; readonly tupleset: string }
  | { readonly op: 'or' | 'and'; readonly left: Node; readonly right: Node }
  | { readonly op: 'not'; readonly left: Node; readonly right: Node };

export interface ReferenceModel {
  readonly [type: string]: { readonly [relation: string]: { readonly takes: readonly string[]; readonly is: Node } };
}

/** What is surely so, and what is at least possible: the same but for relations that depend on their own absence. */
export interface Extent {
  readonly sure: ReadonlySet<string>;
  readonly possible: ReadonlySet<string>;
}

/**
 * OpenFGA's published semantics, bottom up and without any cleverness: all pairs of object and relation a subject has, grown until
 * nothing more follows. "but not" is decided against a fixed guess, and the guess is improved from both sides until it stands
 * (the well-founded model). `object relation` -> member.
 */
export function extent(model: ReferenceModel, tuples: readonly RelationTuple[], subject: string): Extent {
  const valid = tuples.filter((tuple) => isValid(model, tuple));
  const objects = [...new Set(valid.flatMap((t) => [t.object, t.subject.split('#')[0]!]).concat(everyObject(model)))];
  let sure: ReadonlySet<string> = new Set();
  for (;;) {
    const possible = grow(model, { valid, objects, subject, absent: sure });
    const next = grow(model, { valid, objects, subject, absent: possible });
    if (next.size === sure.size) return { sure: next, possible };
    sure = next;
  }
}

/** The world of the tests: three of each type. */
export function everyObject(model: ReferenceModel): string[] {
  return Object.keys(model).flatMap((type) => [1, 2, 3].map((n) => `${type}:${n}`));
}

interface World {
  readonly valid: readonly RelationTuple[];
  readonly objects: readonly string[];
  readonly subject: string;
  /** What "but not" looks into. */
  readonly absent: ReadonlySet<string>;
}

function grow(model: ReferenceModel, world: World): Set<string> {
  const has = new Set<string>();
  for (let before = -1; before !== has.size; ) {
    before = has.size;
    for (const object of world.objects) {
      for (const [relation, { is }] of Object.entries(model[typeOf(object)] ?? {})) {
        if (holds(is, { world, has, object, relation })) has.add(`${object} ${relation}`);
      }
    }
  }
  return has;
}

interface Here {
  readonly world: World;
  readonly has: ReadonlySet<string>;
  readonly object: string;
  readonly relation: string;
}

function holds(node: Node, here: Here): boolean {
  const { world, has, object, relation } = here;
  switch (node.op) {
    case 'self':
      return world.valid.some(
        (t) => t.object === object && t.relation === relation && covers(t.subject, { subject: world.subject, has }),
      );
    case 'rel':
      return has.has(`${object} ${node.name}`);
    case 'from':
      return world.valid.some(
        (t) =>
          t.object === object &&
          t.relation === node.tupleset &&
          !t.subject.includes('#') &&
          !t.subject.endsWith(':*') &&
          has.has(`${t.subject} ${node.name}`),
      );
    case 'or':
      return holds(node.left, here) || holds(node.right, here);
    case 'and':
      return holds(node.left, here) && holds(node.right, here);
    case 'not':
      return holds(node.left, here) && !holds(node.right, { ...here, has: world.absent });
  }
}

function covers(written: string, asked: { subject: string; has: ReadonlySet<string> }): boolean {
  if (written === asked.subject || written === `${typeOf(asked.subject)}:*`) return true;
  const [object, set] = written.split('#');
  return set !== undefined && asked.has.has(`${object} ${set}`);
}

export function isValid(model: ReferenceModel, { object, relation, subject }: RelationTuple): boolean {
  const takes = model[typeOf(object)]?.[relation]?.takes ?? [];
  const [name = '', set] = subject.split('#');
  if (set !== undefined) return takes.includes(`${typeOf(name)}#${set}`);
  return takes.includes(subject.endsWith(':*') ? subject : typeOf(subject));
}

function typeOf(object: string): string {
  return object.slice(0, object.indexOf(':'));
}
