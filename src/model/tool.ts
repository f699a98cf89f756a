import type { JsonObject } from './json.ts';

/** What a tool does to the world, the strictest label that applies (requirements AZ4). */
export type ToolEffect = 'read' | 'write' | 'destructive' | 'external' | 'credential';
export type DataClass = 'public' | 'internal' | 'confidential' | 'restricted';

export interface ToolLabels {
  readonly effect: ToolEffect;
  readonly dataClass: DataClass;
  readonly reversible: boolean;
  /** Its output carries text from third parties: what a session reads from it is untrusted. */
  readonly untrustedOutput: boolean;
  /** Where each label came from: the operator, the server's annotations, or the strict default. */
  readonly origin: 'operator' | 'annotations' | 'default';
}

/** A tool definition exactly as the server sent it. */
export interface ToolDefinition extends JsonObject {
  readonly name: string;
  readonly inputSchema: JsonObject;
}

/** Why a definition is held back until an operator accepts it. */
export interface Finding {
  readonly code:
    | 'changed'
    | 'new-tool'
    | 'hidden-characters'
    | 'look-alike'
    | 'duplicate-name'
    | 'unsafe-pattern'
    | 'instruction-like-text'
    | 'schema-too-large'
    | 'invalid-definition';
  readonly message: string;
  /** JSON pointer into the definition, or '' for the whole. */
  readonly at: string;
}

export type PinState = 'pinned' | 'quarantined';
