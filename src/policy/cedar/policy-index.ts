import type { Policy, ScopeTest } from './policy.ts';
import { dataOf, type Env } from './value/store.ts';
import type { EntityRef } from './value/values.ts';

/** Policies by the entity their head pins down; '' where it pins none. */
type Shelf = Map<string, Map<string, Policy[]>>;

const ANY = '';

/**
 * Finds the policies whose head can match a request without looking at the others: by action, then by the entity the
 * resource must be or be in, then by the one the principal must be or be in. A superset of those that apply, in load order.
 */
export class PolicyIndex {
  private readonly byAction = new Map<string, Shelf>();
  private readonly anyAction: Shelf = new Map();
  private readonly order = new Map<Policy, number>();

  constructor(policies: Iterable<Policy>) {
    for (const policy of policies) {
      this.order.set(policy, this.order.size);
      if (policy.action.op === 'all') shelve(this.anyAction, policy);
      else {
        for (const key of new Set(policy.action.entities.map((entity) => entity.key))) {
          let shelf = this.byAction.get(key);
          if (shelf === undefined) this.byAction.set(key, (shelf = new Map()));
          shelve(shelf, policy);
        }
      }
    }
  }

  /** Candidates for a request. Every policy that applies is among them, once. */
  candidates(env: Env): readonly Policy[] {
    const actions = selfAndAncestors(env.action, env);
    const resources = [...selfAndAncestors(env.resource, env), ANY];
    const principals = [...selfAndAncestors(env.principal, env), ANY];
    const found = new Set<Policy>();
    for (const shelf of [this.anyAction, ...actions.map((key) => this.byAction.get(key))]) {
      if (shelf === undefined) continue;
      for (const resource of resources) {
        const row = shelf.get(resource);
        if (row === undefined) continue;
        for (const principal of principals) for (const policy of row.get(principal) ?? []) found.add(policy);
      }
    }
    const position = (policy: Policy): number => this.order.get(policy) as number;
    return [...found].sort((a, b) => position(a) - position(b));
  }
}

function shelve(shelf: Shelf, policy: Policy): void {
  const resource = pinned(policy.resource);
  const principal = pinned(policy.principal);
  let row = shelf.get(resource);
  if (row === undefined) shelf.set(resource, (row = new Map()));
  const policies = row.get(principal);
  if (policies === undefined) row.set(principal, [policy]);
  else policies.push(policy);
}

function pinned(test: ScopeTest): string {
  if (test.op === 'all') return ANY;
  if (test.op === 'is') return test.in === null ? ANY : test.in.key;
  return test.entity.key;
}

function selfAndAncestors(entity: EntityRef, env: Env): string[] {
  const ancestors = dataOf(entity, env.entities)?.ancestors;
  return ancestors === undefined ? [entity.key] : [entity.key, ...ancestors];
}
