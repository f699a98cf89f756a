import { rollOf } from '../../../identity/directory/roll.ts';
import type { InsightOperations } from '../../../surfaces/admin/routes/insight/insight.ts';
import { permissions } from './permissions.ts';
import { type PreviewParts, preview } from './preview.ts';
import { summaries } from './summaries.ts';

/** What the console's overview and its pages of agents are answered with. */
export function insightOperations(parts: PreviewParts): InsightOperations {
  const { gateway, live, mcp, pulse } = parts;
  // So that the first page is not the one that makes it.
  void rollOf(live.directory).ready();
  return {
    pulse: () => ({
      ...pulse.beats(),
      atMs: gateway.clock.nowMs(),
      stepMs: 1000,
      inFlight: gateway.revocation.status().inFlight,
      sessions: mcp.legacy.sessions.size + mcp.modern.size,
    }),
    summaries: (question) => summaries(parts, question),
    preview: (order) => preview(parts, order),
    permissions: (of) => permissions(parts, of),
  };
}
