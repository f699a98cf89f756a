/** Who may call whom (requirements CN3): agent `from` may hand what it was given to agent `to`. No connection, no hop. */
export interface Connection {
  readonly id: string;
  /** Agent id. A person or a service hands work to an agent by consent or by its own grant, not by a connection. */
  readonly from: string;
  readonly to: string;
  /** The most that may be handed on (model/scope.ts). `null`: whatever `from` holds. */
  readonly scopes: readonly string[] | null;
  /** Chains it is for: those with a human at the root, those without, or both. */
  readonly initiators: readonly ('user' | 'machine')[];
  /** Longest chain it may be part of, actors counted after the hop. `null`: the gateway's own limit. */
  readonly maxDepth: number | null;
  /** Conditions: a task must be declared and bound; hours of the day (UTC) it is open, `[from, to)`, over midnight where from > to. */
  readonly requiresTask: boolean;
  readonly hours: readonly [number, number] | null;
  readonly notAfterMs: number | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
}
