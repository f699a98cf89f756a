import { Type } from 'typebox';
import { companyTool, type ToolCall } from './tool.ts';

const closed = { additionalProperties: false } as const;
const Environment = Type.Enum(['production', 'staging']);
const HostInput = Type.Object(
  {
    host: Type.String({ description: 'Host name, e.g. "stage-web-1".', minLength: 1, maxLength: 60 }),
    environment: Environment,
  },
  closed,
);

export const listServers = companyTool({
  name: 'servers.list',
  title: 'List servers',
  description: 'Lists the hosts of an environment.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  input: Type.Object({ environment: Type.Optional(Environment) }, closed),
  run: ({ args, database }) => ({
    servers: database.all(
      'SELECT * FROM hosts WHERE ?1 IS NULL OR environment = ?1 ORDER BY name',
      args.environment ?? null,
    ),
  }),
});

export const restartServer = companyTool({
  name: 'servers.restart',
  title: 'Restart a server',
  description: 'Restarts one host. Users of that host are interrupted for about a minute.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: HostInput,
  guarded: () => true,
  run: (call) => {
    change(
      call,
      `UPDATE hosts SET restarts = restarts + 1, restarted_at = datetime('now') WHERE name = ? AND environment = ?`,
    );
    return call.database.get('SELECT * FROM hosts WHERE name = ?', call.args.host) ?? {};
  },
});

export const deleteServer = companyTool({
  name: 'servers.delete',
  title: 'Delete a server',
  description: 'Removes a host and everything on it. This cannot be undone.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: HostInput,
  guarded: () => true,
  run: (call) => {
    change(call, 'DELETE FROM hosts WHERE name = ? AND environment = ?');
    return { deleted: call.args.host };
  },
});

/** The environment is part of the condition: a host named with the wrong environment is not touched. */
function change({ args, database }: ToolCall<{ host: string; environment: string }>, sql: string): void {
  if (database.run(sql, args.host, args.environment).changes === 0) {
    throw new Error(`No host "${args.host}" in ${args.environment}.`);
  }
}
