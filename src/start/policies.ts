import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Directory } from '../identity/directory.ts';
import { labelsOf } from '../inventory/labels.ts';
import type { Person } from '../model/person.ts';
import type { PolicyWorld } from '../model/policy-input.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { type Problem, publish, type Source } from '../policy/publish.ts';
import { type Pending, readPolicyFolder } from './policies/folder.ts';

export type Published =
  | {
      readonly ok: true;
      readonly policies: PolicySet;
      readonly warnings: readonly Problem[];
      readonly files: readonly Source[];
      /** A publication a crash interrupted, which these files are of. */
      readonly pending: Pending | null;
      readonly dir: string;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

interface Known {
  readonly tools?: PolicyWorld['tools'];
  readonly directory?: Directory;
}

/** Reads every `.cedar` file of the folder and the folders in it, in name order, and publishes them against this configuration. */
export async function publishFolder(config: Config, known: Known = {}): Promise<Published> {
  const { policiesDir: dir } = config;
  const folder = await readPolicyFolder(dir);
  if (!folder.ok) return { ok: false, problems: [folder.problem] };
  const { files, pending } = folder;
  const published = publish(files, worldNow(config, known));
  if (!published.ok) return { ok: false, problems: located(published.problems, dir) };
  return { ...published, files, pending, dir, warnings: located(published.warnings, dir) };
}

/** What policies can name now. */
export function worldNow(config: Config, { tools = [], directory }: Known): PolicyWorld {
  const world = worldOf(config, tools);
  return directory === undefined ? world : asOfNow(world, directory);
}

/** With those the store knows: agents, people, and groups that have no members yet. */
function asOfNow(world: PolicyWorld, directory: Directory): PolicyWorld {
  const people = [...directory.people()];
  const groups = [...groupsOf(people), ...[...directory.groups()].map((group) => group.name)];
  const approvers = world.approvers && { ...world.approvers, groups: [...new Set(groups)] };
  return { ...world, agents: [...directory.agents()], people, approvers };
}

function groupsOf(people: readonly Person[]): readonly string[] {
  return [...new Set(people.flatMap((person) => person.groups))];
}

/** Policy ids carry the file's name; problems the path a person can open. */
function located(problems: readonly Problem[], dir: string): readonly Problem[] {
  return problems.map((problem) => ({ ...problem, file: join(dir, problem.file) }));
}

/** What policies can name: configuration, and the tools that were seen or configured. */
export function worldOf(config: Config, known: PolicyWorld['tools']): PolicyWorld {
  const tools = new Map(known.map((tool) => [`${tool.server}/${tool.name}`, tool]));
  for (const server of config.servers) {
    for (const name of server.tools.keys()) {
      const key = `${server.id}/${name}`;
      if (name !== '*' && !tools.has(key))
        tools.set(key, { server: server.id, name, labels: labelsOf(name, null, server) });
    }
  }
  const { approvals } = config;
  return {
    agents: config.agents,
    people: config.people,
    servers: config.servers.map(({ id, risk, environment }) => ({ id, risk, environment })),
    tools: [...tools.values()],
    approvers: {
      roles: [...approvals.roles.keys()],
      routes: [...approvals.routes.keys()],
      schedules: [...approvals.schedules.keys()],
      groups: groupsOf(config.people),
    },
  };
}
