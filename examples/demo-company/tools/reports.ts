import { setTimeout as wait } from 'node:timers/promises';
import { Type } from 'typebox';
import { companyTool, type ToolCall } from './tool.ts';

const STEP_MS = 250;
const SUMMARY = {
  spending: `SELECT supplier, count(*) AS orders, sum(total_cents) / 100.0 AS total FROM orders
    WHERE status <> 'cancelled' GROUP BY supplier ORDER BY supplier`,
  stock: 'SELECT sku, name, stock FROM products ORDER BY sku',
} as const;

interface ReportArgs {
  readonly kind: keyof typeof SUMMARY;
  readonly seconds?: number | undefined;
}

export const buildReport = companyTool({
  name: 'reports.build',
  title: 'Build a report',
  description:
    'Builds a report over the whole database. Takes about 30 seconds, reports progress and can be cancelled.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: Type.Object(
    {
      kind: Type.Enum(['spending', 'stock']),
      seconds: Type.Optional(
        Type.Integer({ description: 'How thorough: seconds to spend.', minimum: 1, maximum: 120, default: 30 }),
      ),
    },
    { additionalProperties: false },
  ),
  run: async (call) => {
    const { args, database } = call;
    const { id } = database.run(`INSERT INTO reports (kind, status) VALUES (?, 'building')`, args.kind);
    try {
      await workThrough(call, id);
    } catch (error) {
      database.run(`UPDATE reports SET status = 'cancelled' WHERE id = ?`, id);
      throw error;
    }
    const rows = database.all(SUMMARY[args.kind]);
    database.run(`UPDATE reports SET status = 'done', summary = ? WHERE id = ?`, JSON.stringify(rows), id);
    return { report: id, rows };
  },
});

/** Rejects as soon as the caller cancels: an aborted report leaves `cancelled` behind, never a finished one. */
async function workThrough({ args, database, context }: ToolCall<ReportArgs>, id: number): Promise<void> {
  const { signal, notify, _meta } = context.mcpReq;
  const steps = Math.round(((args.seconds ?? 30) * 1000) / STEP_MS);
  for (let step = 1; step <= steps; step++) {
    await wait(STEP_MS, undefined, { signal });
    database.run('UPDATE reports SET steps_done = ? WHERE id = ?', step, id);
    if (_meta?.progressToken === undefined) continue;
    const params = {
      progressToken: _meta.progressToken,
      progress: step,
      total: steps,
      message: `Step ${step} of ${steps}`,
    };
    await notify({ method: 'notifications/progress', params });
  }
}
