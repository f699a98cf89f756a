import { rollOf } from '../../../identity/directory/roll.ts';
import type { InsightOperations } from '../../../surfaces/admin/routes/insight/insight.ts';
import { permissions } from './agents/permissions.ts';
import { summaries } from './agents/summaries.ts';
import { agentGraph } from './connections/agent-graph.ts';
import { openEstateGraph } from './connections/estate-graph.ts';
import { reach } from './connections/reach.ts';
import { openOverview } from './overview.ts';
import type { InsightParts } from './parts.ts';
import { openPosture } from './posture/posture.ts';
import { openDrills } from './stop/drill.ts';
import { preview } from './stop/preview.ts';

/** What the console's overview and its pages of agents are answered with. */
export function insightOperations(parts: InsightParts): InsightOperations {
  const { gateway, live, mcp, pulse, stores } = parts;
  const drills = openDrills({ gateway, store: stores.secrets });
  const posture = openPosture({ ...parts, drills: drills.list });
  const estate = openEstateGraph(parts);
  // So that the first page is not the one that makes it.
  void rollOf(live.directory).ready();
  return {
    posture: posture.ask,
    overview: openOverview({ ...parts, drills: drills.list, posture }),
    pulse: () => ({
      ...pulse.beats(),
      atMs: gateway.clock.nowMs(),
      stepMs: 1000,
      inFlight: gateway.revocation.status().inFlight,
      sessions: mcp.legacy.sessions.size + mcp.modern.size,
    }),
    summaries: (question) => summaries(parts, question),
    drill: (order) => drills.run(order),
    drills: () => drills.list(),
    preview: (order) => preview(parts, order),
    graph: (limit) => estate(limit),
    agentGraph: (agent) => agentGraph(parts, agent),
    reach: (question) => reach(parts, question),
    permissions: (of) => permissions(parts, of),
  };
}
