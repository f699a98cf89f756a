import type { LabelView } from '../model/insight/estate.ts';
import { isObject, type JsonObject } from '../model/json.ts';
import type { DataClass, ToolDefinition, ToolEffect, ToolLabels } from '../model/tool.ts';

/** What an operator said about a tool; absent members are decided by annotations and defaults. */
export interface LabelOverride {
  readonly effect?: ToolEffect;
  readonly dataClass?: DataClass;
  readonly reversible?: boolean;
  readonly untrustedOutput?: boolean;
}

/** By tool name; the key `*` is for every tool that is not named. */
export type ToolOverrides = ReadonlyMap<string, LabelOverride>;

export interface LabelSource {
  readonly tools: ToolOverrides;
  readonly risk?: 'low' | 'medium' | 'high';
  /** Whether the server's own hints may make labels looser. Left out: only where the operator called the server low risk. */
  readonly trustAnnotations?: boolean;
}

/** For whatever nobody vouches for: assume the worst of everything a policy can read. */
export const STRICTEST = {
  effect: 'destructive',
  dataClass: 'restricted',
  reversible: false,
  untrustedOutput: true,
} as const;

const RANK: Readonly<Record<ToolEffect, number>> = { read: 0, write: 1, external: 2, destructive: 3, credential: 4 };

/**
 * Labels of one tool, member by member: what the operator said of this name, else of `*`, else the server's annotations (MCP
 * "ToolAnnotations": hints, not promises), else the strictest. Annotations of a server nobody vouched for only ever make a label
 * stricter. `definition` is the accepted one; `null` when there is none, and then hints play no part.
 */
export function labelsOf(name: string, definition: ToolDefinition | null, source: LabelSource): ToolLabels {
  const exact = source.tools.get(name) ?? {};
  const general = source.tools.get('*') ?? {};
  const hints = hintsOf(definition);
  const trusted = source.trustAnnotations ?? source.risk === 'low';
  const claimed = trusted ? claims(hints) : {};
  const floor = warnings(hints);
  const effect = exact.effect ?? stricter(general.effect ?? claimed.effect ?? STRICTEST.effect, floor.effect);
  return {
    effect,
    dataClass: exact.dataClass ?? general.dataClass ?? STRICTEST.dataClass,
    // What only reads leaves nothing to undo.
    reversible: exact.reversible ?? general.reversible ?? (effect === 'read' || STRICTEST.reversible),
    untrustedOutput:
      exact.untrustedOutput ??
      ((general.untrustedOutput ?? claimed.untrustedOutput ?? STRICTEST.untrustedOutput) || floor.untrustedOutput),
    origin: originOf(effect, { exact, general, claimed }),
  };
}

/** The same labels, each with where it came from: for a person who wonders. Pure. */
export function explainLabels(
  name: string,
  definition: ToolDefinition | null,
  source: LabelSource,
): readonly LabelView[] {
  const labels = labelsOf(name, definition, source);
  const exact = source.tools.get(name) ?? {};
  const general = source.tools.get('*') ?? {};
  const hints = hintsOf(definition);
  const claimed: Claims = (source.trustAnnotations ?? source.risk === 'low') ? claims(hints) : {};
  const from = (label: keyof LabelOverride, said?: ToolEffect | boolean): LabelView['from'] => {
    if (exact[label] !== undefined) return 'tool';
    if (general[label] !== undefined) return general[label] === labels[label] ? 'server' : 'annotations';
    const warned = said === undefined && labels[label] !== STRICTEST[label];
    return said !== undefined || warned ? 'annotations' : 'default';
  };
  const undone = exact.reversible === undefined && general.reversible === undefined && labels.effect === 'read';
  return [
    { name: 'effect', value: labels.effect, from: from('effect', claimed.effect) },
    { name: 'dataClass', value: labels.dataClass, from: from('dataClass') },
    { name: 'reversible', value: labels.reversible, from: undone ? 'effect' : from('reversible') },
    { name: 'untrustedOutput', value: labels.untrustedOutput, from: from('untrustedOutput', claimed.untrustedOutput) },
  ];
}

interface Claims {
  readonly effect?: ToolEffect;
  readonly untrustedOutput?: boolean;
}

function hintsOf(definition: ToolDefinition | null): JsonObject {
  return definition !== null && isObject(definition.annotations) ? definition.annotations : {};
}

/**
 * What a server says about its tool, where it is believed. `destructiveHint` means something only when the tool is not read-only;
 * a change that reaches the open world is `external`, a sink. `idempotentHint` says nothing about undoing and is not used.
 */
function claims(hints: JsonObject): Claims {
  const open = hints.openWorldHint;
  const output = typeof open === 'boolean' ? { untrustedOutput: open } : {};
  if (hints.readOnlyHint === true) return { effect: 'read', ...output };
  if (hints.destructiveHint === false) return { effect: open === true ? 'external' : 'write', ...output };
  return output;
}

/** What a server admits, believed of every server. */
function warnings(hints: JsonObject): { readonly effect: ToolEffect; readonly untrustedOutput: boolean } {
  const changes = hints.readOnlyHint === false;
  const destroys = hints.destructiveHint === true && hints.readOnlyHint !== true;
  const open = hints.openWorldHint === true;
  return { effect: destroys ? 'destructive' : changes ? (open ? 'external' : 'write') : 'read', untrustedOutput: open };
}

function stricter(a: ToolEffect, b: ToolEffect): ToolEffect {
  return RANK[a] >= RANK[b] ? a : b;
}

/** Where the effect came from: the label policies lean on most. */
function originOf(
  effect: ToolEffect,
  from: { exact: LabelOverride; general: LabelOverride; claimed: Claims },
): ToolLabels['origin'] {
  if (from.exact.effect !== undefined) return 'operator';
  if (from.general.effect !== undefined) return from.general.effect === effect ? 'operator' : 'annotations';
  return from.claimed.effect === undefined ? 'default' : 'annotations';
}
