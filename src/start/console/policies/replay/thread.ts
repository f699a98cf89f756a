import { parentPort, workerData } from 'node:worker_threads';
import { realDisk } from '../../../../adapters/disk/real.ts';
import type { Entry } from '../../../../audit/journal.ts';
import { readJournal } from '../../../../audit/read/read-journal.ts';
import { AGENT_DEFAULTS, type Agent } from '../../../../model/agent.ts';
import type { PolicyChange, PolicyFile } from '../../../../model/insight/policies.ts';
import { PERSON_DEFAULTS, type Person } from '../../../../model/person.ts';
import type { PolicyWorld } from '../../../../model/policy-input.ts';
import type { PolicySet } from '../../../../policy/policy-set.ts';
import { publish } from '../../../../policy/publish.ts';
import { Again, agentsOf, type Now } from './again.ts';
import { type FromThread, MAX_CHANGES, type People, type Progress, type ReplayOrder, type Who } from './messages.ts';

/** A thread that decides recorded calls again, so that the one that serves calls never waits for it. */
const port = parentPort;
if (port === null) throw new Error('bug: this is not a thread');
const order = workerData as ReplayOrder;
/** Whoever the records name is asked for once a batch. */
const BATCH = 1_000;

const tell = (message: FromThread): void => port.postMessage(message);
const agents = new Map<string, Agent | undefined>();
const people = new Map<string, Person | undefined>();

function learn({ agents: told, people: persons }: People): void {
  for (const agent of told) agents.set(agent.id, agent);
  for (const person of persons) people.set(person.id, person);
}

/** Everybody by name; those the policies name themselves as they are. */
function worldOf({ world, names, named }: ReplayOrder): PolicyWorld {
  const agent = (id: string): Agent => ({
    ...AGENT_DEFAULTS,
    ...{ id, name: id, owner: '', purpose: '', archetype: 'homegrown', riskTier: 'low' },
  });
  const person = (id: string): Person => ({ ...PERSON_DEFAULTS, id, name: id, userName: id });
  const knownAgents = new Set(named.agents.map(({ id }) => id));
  const knownPeople = new Set(named.people.map(({ id }) => id));
  return {
    ...world,
    agents: [
      ...named.agents,
      ...names.agents.filter((id) => !knownAgents.has(id)).map(agent),
      // Nobody's name, and every group's.
      { ...agent(''), groups: names.agentGroups },
    ],
    people: [
      ...named.people,
      ...names.people.filter((id) => !knownPeople.has(id)).map(person),
      { ...person(''), groups: names.groups },
    ],
  };
}

function compile(files: readonly PolicyFile[], world: PolicyWorld): PolicySet {
  const published = publish(files, world);
  if (published.ok) return published.policies;
  const [problem] = published.problems;
  throw new Error(`the policies are wrong now: ${problem?.file}:${problem?.line}: ${problem?.message}`);
}

function nowOf({ world, facts }: ReplayOrder): Now {
  const servers = new Set(world.servers.map(({ id }) => id));
  const labels = new Map(world.tools.map((tool) => [`${tool.server}/${tool.name}`, tool.labels]));
  const mappings = new Map(facts.map(([server, tools]) => [server, new Map(tools)]));
  return {
    agent: (id) => agents.get(id),
    person: (id) => people.get(id),
    hasServer: (id) => servers.has(id),
    labels: (server, tool) => labels.get(`${server}/${tool}`),
    facts: (server, tool) => mappings.get(server)?.get(tool) ?? mappings.get(server)?.get('*'),
  };
}

/** Everybody the records name whom nobody told of yet. */
function strangers(batch: readonly Entry[]): Who {
  const wanted = { agents: new Set<string>(), people: new Set<string>() };
  for (const { record } of batch) {
    if (record.type !== 'intent' && record.type !== 'refusal') continue;
    for (const id of agentsOf(record)) if (!agents.has(id)) wanted.agents.add(id);
    if (record.subject !== null && !people.has(record.subject)) wanted.people.add(record.subject);
  }
  return { agents: [...wanted.agents], people: [...wanted.people] };
}

async function meet(who: Who): Promise<void> {
  if (who.agents.length === 0 && who.people.length === 0) return;
  const told = new Promise<People>((resolve) => port?.once('message', resolve));
  tell({ kind: 'who', who });
  const answer = await told;
  // Those who are not there any more are not asked for again.
  for (const id of who.agents) agents.set(id, undefined);
  for (const id of who.people) people.set(id, undefined);
  learn(answer);
}

async function run(): Promise<void> {
  learn(order.named);
  const world = worldOf(order);
  const texts = [...order.present, ...order.draft].map(({ text }) => text);
  const again = new Again({
    ...{ present: compile(order.present, world), draft: compile(order.draft, world), now: nowOf(order) },
    ...{ readsWatched: texts.some((text) => text.includes('watched')) },
    ...{ fromMs: order.fromMs, maxChanges: MAX_CHANGES },
  });
  let checked = 0;
  let sent = 0;
  const progress = (): Progress => {
    const changes: readonly PolicyChange[] = again.tally.changes.slice(sent);
    sent = again.tally.changes.length;
    const { decisions: calls, changed, byChange } = again.tally;
    return { checked, calls, changed, byChange, undecidable: again.undecidable, drifted: again.drifted, changes };
  };
  let stopped = false;
  const take = async (batch: readonly Entry[]): Promise<void> => {
    await meet(strangers(batch));
    for (const entry of batch) {
      stopped = again.tally.decisions >= order.maxCalls;
      if (stopped) break;
      again.take(entry);
      checked++;
    }
    tell({ kind: 'progress', progress: progress() });
  };
  let batch: Entry[] = [];
  for await (const entry of readJournal(order.dir, { disk: realDisk, fromSeq: order.fromSeq })) {
    if (entry.seq >= order.toSeq || stopped) break;
    batch.push(entry);
    if (batch.length < BATCH) continue;
    await take(batch);
    batch = [];
  }
  if (!stopped) await take(batch);
  const message = stopped ? `stopped after ${order.maxCalls} calls` : null;
  tell({ kind: 'done', progress: progress(), message });
}

try {
  await run();
} catch (error) {
  tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
} finally {
  port.close();
}
