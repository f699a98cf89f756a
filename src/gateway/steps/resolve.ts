import type { Finding, ToolDefinition, ToolLabels } from '../../model/tool.ts';
import type { Attempt } from '../attempt.ts';
import type { Gateway } from '../gateway.ts';

/** What is known of the thing the action is on. Only a pinned tool can be called. */
export interface Known {
  readonly state: 'known' | 'unknown' | 'quarantined';
  readonly labels: ToolLabels | null;
  /** SHA-256 of the accepted definition. */
  readonly pin: string | null;
  readonly definition: ToolDefinition | null;
  readonly findings: readonly Finding[];
}

const NOT_A_TOOL: Known = { state: 'known', labels: null, pin: null, definition: null, findings: [] };

export function resolve(gateway: Gateway, attempt: Attempt): Known {
  const { target, server } = attempt.action;
  if (target.kind !== 'tool') return NOT_A_TOOL;
  const tool = gateway.inventory.resolve(server, target.name);
  switch (tool.state) {
    case 'pinned':
      return { state: 'known', labels: tool.labels, pin: tool.hash, definition: tool.definition, findings: [] };
    case 'quarantined':
      return { state: 'quarantined', labels: tool.labels, pin: null, definition: null, findings: tool.findings };
    case 'unknown':
      return { state: 'unknown', labels: null, pin: null, definition: null, findings: [] };
  }
}
