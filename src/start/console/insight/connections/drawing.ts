import type { Agent } from '../../../../model/agent.ts';
import type { Graph, GraphEdge, GraphNode } from '../../../../model/insight/agents.ts';
import type { InsightParts } from '../parts.ts';
import { tierOf } from '../parts.ts';

/** Nodes and edges, each once; what does not fit is counted. */
export class Drawing {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #edges = new Map<string, GraphEdge>();
  readonly #left = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** `false`: there is no room for it. */
  node(node: GraphNode): boolean {
    if (this.#nodes.has(node.id)) return true;
    if (this.#nodes.size >= this.#most) {
      this.#left.add(node.id);
      return false;
    }
    this.#nodes.set(node.id, node);
    return true;
  }

  has(id: string): boolean {
    return this.#nodes.has(id);
  }

  get room(): number {
    return this.#most - this.#nodes.size;
  }

  /** Only between nodes that are there. */
  edge(edge: GraphEdge): void {
    if (!this.#nodes.has(edge.from) || !this.#nodes.has(edge.to)) return;
    this.#edges.set(`${edge.from} ${edge.kind} ${edge.to}`, edge);
  }

  /** `more`: what was not even tried. */
  done(more = 0): Graph {
    return { nodes: [...this.#nodes.values()], edges: [...this.#edges.values()], leftOut: this.#left.size + more };
  }
}

/** How the nodes of an installation look. */
export function nodesOf({ live, gateway }: InsightParts) {
  const { directory } = live;
  const tier = tierOf(gateway.revocation.locks());
  const nowMs = gateway.clock.nowMs();
  return {
    agent(agent: Agent): GraphNode {
      const lock = tier(agent);
      const alive = directory.whyNotAlive(agent.id, nowMs) === null;
      const stopped = lock === 'halt' || lock === 'pause';
      return {
        ...{ id: `agent:${agent.id}`, kind: 'agent', label: agent.name },
        tone: stopped ? 'bad' : alive && lock === null ? 'plain' : 'warn',
        note:
          lock === null
            ? alive
              ? `${agent.riskTier} risk`
              : agent.state === 'active'
                ? 'may not act'
                : agent.state
            : LOCKED[lock],
      };
    },
    person(id: string): GraphNode {
      const person = directory.person(id);
      const active = person?.active === true;
      return {
        ...{ id: `person:${id}`, kind: 'person', label: person?.name ?? id },
        ...{ tone: active ? 'plain' : 'bad', note: active ? null : person === undefined ? 'unknown' : 'deactivated' },
      };
    },
    server(id: string): GraphNode {
      const server = gateway.snapshot().servers.get(id);
      const state = server?.upstream.health().state ?? 'unknown';
      return {
        ...{ id: `server:${id}`, kind: 'server', label: id },
        tone: state === 'down' ? 'bad' : state === 'up' ? 'good' : 'plain',
        note: state === 'down' ? 'does not answer' : (server?.environment ?? null),
      };
    },
  } as const;
}

const LOCKED = { halt: 'stopped', pause: 'paused', watch: 'watched' } as const;
