import type { ToolDefinition, ToolLabels } from '../model/tool.ts';

export type ToolOverrides = ReadonlyMap<string, { readonly effect?: ToolLabels['effect']; readonly dataClass?: ToolLabels['dataClass']; readonly reversible?: boolean; readonly untrustedOutput?: boolean }>;

export function labelsOf(name: string, _definition: ToolDefinition | null, overrides: ToolOverrides): ToolLabels {
  const o = overrides.get(name) ?? overrides.get('*') ?? {};
  return { effect: o.effect ?? 'destructive', dataClass: o.dataClass ?? 'restricted', reversible: o.reversible ?? false, untrustedOutput: o.untrustedOutput ?? true, origin: o.effect === undefined ? 'default' : 'operator' };
}
