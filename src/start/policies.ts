import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Directory } from '../identity/directory.ts';
import { labelsOf } from '../inventory/labels.ts';
import type { Person } from '../model/person.ts';
import type { PolicyWorld } from '../model/policy-input.ts';
import type { PolicySet } from '../policy/policy-set.ts';
import { type Problem, publish } from '../policy/publish.ts';

const MAX_POLICY_BYTES = 4_194_304;

export type Published =
  | { readonly ok: true; readonly policies: PolicySet; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads every `.cedar` file of the folder and the folders in it, in name order, and publishes them against this configuration. */
export async function publishFolder(
  config: Config,
  known: { readonly tools?: PolicyWorld['tools']; readonly directory?: Directory } = {},
): Promise<Published> {
  const names = (await readdir(config.policiesDir, { recursive: true }))
    .filter((name) => name.endsWith('.cedar'))
    .sort();
  const sources = [];
  let bytes = 0;
  for (const name of names) {
    const text = await readFile(join(config.policiesDir, name), 'utf8');
    bytes += Buffer.byteLength(text);
    sources.push({ path: name, text });
  }
  if (bytes > MAX_POLICY_BYTES) {
    const message = `the policies are larger than ${MAX_POLICY_BYTES} bytes together`;
    return {
      ok: false,
      problems: [
        {
          file: config.policiesDir,
          line: 1,
          column: 1,
          message,
          help: 'split the deployment or remove what is not used',
        },
      ],
    };
  }
  const world = worldOf(config, known.tools ?? []);
  const { directory } = known;
  return located(publish(sources, directory === undefined ? world : asOfNow(world, directory)), config.policiesDir);
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
function located(published: Published, dir: string): Published {
  const place = (problem: Problem): Problem => ({ ...problem, file: join(dir, problem.file) });
  if (published.ok) return { ...published, warnings: published.warnings.map(place) };
  return { ok: false, problems: published.problems.map(place) };
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
