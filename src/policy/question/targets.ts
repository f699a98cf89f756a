import type { ActionTarget } from '../../model/action.ts';
import type { ToolLabels } from '../../model/tool.ts';
import type { EntityRef, Value } from '../cedar/value/values.ts';
import { entity } from './world.ts';

/** What is acted on, as an entity, with room for what was worked out about it before. */
export interface Target<Memo> {
  readonly resource: EntityRef;
  readonly labels: ToolLabels | null;
  memo: Memo | null;
}

const TYPES = { tool: 'Tool', resource: 'Resource', prompt: 'Prompt' } as const;

/**
 * Entities of tools, resources and prompts, kept between calls. Names come from agents, so the number kept is bounded; when
 * the bound is reached everything is forgotten and built again. An entry whose labels have changed is replaced.
 */
export class Targets<Memo> {
  private readonly kept = new Map<EntityRef, Record<ActionTarget['kind'], Map<string, Target<Memo>>>>();
  private readonly maxKept: number;
  private count = 0;

  constructor(maxKept: number) {
    this.maxKept = maxKept;
  }

  /** `server` is the server's entity. A tool without labels has no place here: the caller refuses it first. */
  get(server: EntityRef, target: ActionTarget, labels: ToolLabels | null): Target<Memo> {
    const byKind = this.kept.get(server) ?? this.addServer(server);
    const name = target.kind === 'server' ? '' : target.kind === 'resource' ? target.uri : target.name;
    const byName = byKind[target.kind];
    const known = byName.get(name);
    if (known !== undefined && sameLabels(known.labels, labels)) return known;
    if (known === undefined && ++this.count > this.maxKept) {
      this.forget();
      return this.get(server, target, labels);
    }
    const fresh = { resource: targetEntity(server, target, labels), labels, memo: null };
    byName.set(name, fresh);
    return fresh;
  }

  get size(): number {
    return this.count;
  }

  forget(): void {
    this.kept.clear();
    this.count = 0;
  }

  private addServer(server: EntityRef): Record<ActionTarget['kind'], Map<string, Target<Memo>>> {
    const byKind = { tool: new Map(), resource: new Map(), prompt: new Map(), server: new Map() };
    this.kept.set(server, byKind);
    return byKind;
  }
}

function sameLabels(a: ToolLabels | null, b: ToolLabels | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return (
    a.effect === b.effect &&
    a.dataClass === b.dataClass &&
    a.reversible === b.reversible &&
    a.untrustedOutput === b.untrustedOutput
  );
}

function targetEntity(server: EntityRef, target: ActionTarget, labels: ToolLabels | null): EntityRef {
  if (target.kind === 'server') return server;
  const name = target.kind === 'resource' ? target.uri : target.name;
  return entity(TYPES[target.kind], `${server.id}/${name}`, {
    parents: [server.key],
    attributes: attributesOf(server, target, labels),
  });
}

function attributesOf(
  server: EntityRef,
  target: ActionTarget,
  labels: ToolLabels | null,
): Record<string, Value | null> {
  if (target.kind === 'resource') return { uri: target.uri, server, dataClass: labels?.dataClass ?? null };
  if (target.kind !== 'tool' || labels === null) return { name: target.kind === 'server' ? null : target.name, server };
  return {
    name: target.name,
    server,
    effect: labels.effect,
    dataClass: labels.dataClass,
    reversible: labels.reversible,
    untrustedOutput: labels.untrustedOutput,
  };
}
