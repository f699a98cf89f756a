import type { PolicyPart, ToolPermission } from '../../../../../src/model/insight/agents.ts';

export interface AbilityFilter {
  readonly outcome: string;
  readonly effect: string;
  readonly server: string;
  readonly q: string;
}

export const OUTCOMES: readonly (readonly [ToolPermission['outcome'], string, string])[] = [
  ['always', 'Permitted', 'Whatever the arguments are.'],
  ['depends', 'Depends', 'On arguments, session or time.'],
  ['ask', 'Asks people', 'Somebody may have to say yes first.'],
  ['never', 'Refused', 'No policy permits it, or one forbids it.'],
];

/** Permitted first: the question is what it can do. */
export function shownAbilities(
  tools: readonly ToolPermission[],
  { outcome, effect, server, q }: AbilityFilter,
): readonly ToolPermission[] {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const rank = new Map(OUTCOMES.map(([name], i) => [name, i]));
  return tools
    .filter((tool) => {
      if (outcome !== '' && tool.outcome !== outcome) return false;
      if (effect !== '' && tool.effect !== effect) return false;
      if (server !== '' && tool.server !== server) return false;
      const text =
        `${tool.server}/${tool.tool} ${tool.policies.map(({ id, file }) => `${id} ${file}`).join(' ')}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => rank.get(a.outcome)! - rank.get(b.outcome)!);
}

export function countsOf(tools: readonly ToolPermission[]): Readonly<Record<ToolPermission['outcome'], number>> {
  const counts = { always: 0, depends: 0, ask: 0, never: 0 };
  for (const { outcome } of tools) counts[outcome]++;
  return counts;
}

/** `purchasing.cedar#buy-small-things` without the file, which is named beside it. */
export function shortName({ id, file }: Pick<PolicyPart, 'id' | 'file'>): string {
  return id.startsWith(`${file}#`) ? id.slice(file.length + 1) : id;
}
