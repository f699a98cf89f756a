/**
 * The published Cedar schema: what a policy can name and read. `docs/interlock.cedarschema` is the same text, for editors and
 * for Cedar's own tools.
 */
export const SCHEMA = `// Interlock's Cedar schema. Policies are validated strictly against it when they are published.

// Who acts.
entity Agent in [AgentGroup] {
  name: String,
  owner: Person,
  purpose: String,
  archetype: String, // "homegrown" | "saas" | "developer_tool"
  riskTier: String, // "low" | "medium" | "high" | "critical"
  department?: String,
};
entity AgentGroup;
entity Person in [Group] {
  name: String,
  email?: String,
  department?: String,
};
entity Group;

// What is acted on. Ids of tools, resources and prompts begin with their server: Tool::"crm/orders.create".
entity Server {
  risk: String, // "low" | "medium" | "high"
  environment?: String,
};
entity Tool in [Server] {
  name: String,
  server: Server,
  effect: String, // "read" | "write" | "destructive" | "external" | "credential"
  dataClass: String, // "public" | "internal" | "confidential" | "restricted"
  reversible: Bool,
  untrustedOutput: Bool,
};
entity Resource in [Server] {
  uri: String,
  server: Server,
  dataClass?: String,
};
entity Prompt in [Server] {
  name: String,
  server: Server,
};

// What it belongs to.
entity Session;
entity Task;

// The arguments of the call, by dotted path: context.args.getTag("customer.id"), context.numbers.getTag("items.0.quantity").
entity Arguments tags String;
entity Numbers tags Long;

type Window = {
  callsLastMinute: Long,
  callsLastHour: Long,
  callsLastDay: Long,
  callsTotal: Long,
  spentLastDay: decimal,
};

type Facts = {
  // Facts an operator mapped from the arguments. Absent when not mapped, missing or of the wrong type.
  amount?: decimal,
  currency?: String,
  quantity?: Long,
  environment?: String,
  recipient?: String,
  // All arguments.
  args: Arguments,
  numbers: Numbers,
  server: Server,
  // What the session did and saw before this call.
  session: {
    id?: Session,
    startedAt: datetime,
    calls: Long,
    denied: Long,
    asked: Long,
    reads: Long,
    writes: Long,
    destructive: Long,
    external: Long,
    toolsCalled: Set<String>, // "server/tool"
    readUntrusted: Bool,
    highestDataClass?: String,
  },
  // Permitted calls so far, this one not counted.
  usage: {
    agent: Window,
    session: Window,
    task?: Window,
  },
  // On whose authority, when not the agent's own.
  subject?: Person,
  task?: Task,
  // The other agents of the delegation chain. A policy is asked for each of them as the principal, too.
  through: Set<Agent>,
  taskBound: Bool, // the task is registered and its terms hold
  authMethod: String, // "token" | "dpop" | "static-development"
  watched: Bool,
  // Time, in UTC. weekday: 1 is Monday, 7 is Sunday.
  now: datetime,
  hour: Long,
  weekday: Long,
};

// Actions are MCP methods. Groups: the housekeeping of a connection, the use of what a server offers, and what a server asks
// of the agent.
action connect, use, ask_client;

action "tools/call" in [use] appliesTo { principal: Agent, resource: Tool, context: Facts };
action "resources/read", "resources/subscribe", "resources/unsubscribe"
  in [use] appliesTo { principal: Agent, resource: Resource, context: Facts };
action "prompts/get" in [use] appliesTo { principal: Agent, resource: Prompt, context: Facts };
action "completion/complete", "tasks/get", "tasks/list", "tasks/cancel", "tasks/result", "tasks/update"
  in [use] appliesTo { principal: Agent, resource: Server, context: Facts };
action "initialize", "server/discover", "ping", "tools/list", "resources/list", "resources/templates/list", "prompts/list",
  "logging/setLevel", "subscriptions/listen", "notifications"
  in [connect] appliesTo { principal: Agent, resource: Server, context: Facts };
action "sampling/createMessage", "elicitation/create", "roots/list"
  in [ask_client] appliesTo { principal: Agent, resource: Server, context: Facts };
`;

/** Action groups of the schema, by action id. A test holds this table and the text together. */
export const ACTION_GROUPS: ReadonlyMap<string, 'connect' | 'use' | 'ask_client'> = new Map([
  ...(
    [
      'tools/call',
      'resources/read',
      'resources/subscribe',
      'resources/unsubscribe',
      'prompts/get',
      'completion/complete',
      'tasks/get',
      'tasks/list',
      'tasks/cancel',
      'tasks/result',
      'tasks/update',
    ] as const
  ).map((id) => [id, 'use'] as const),
  ...(
    [
      'initialize',
      'server/discover',
      'ping',
      'tools/list',
      'resources/list',
      'resources/templates/list',
      'prompts/list',
      'logging/setLevel',
      'subscriptions/listen',
      'notifications',
    ] as const
  ).map((id) => [id, 'connect'] as const),
  ...(['sampling/createMessage', 'elicitation/create', 'roots/list'] as const).map((id) => [id, 'ask_client'] as const),
]);

/** Attributes that only ever hold these words. A policy that compares one with another word would never match: refused. */
export const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['effect', ['read', 'write', 'destructive', 'external', 'credential']],
  ['dataClass', ['public', 'internal', 'confidential', 'restricted']],
  ['highestDataClass', ['public', 'internal', 'confidential', 'restricted']],
  ['archetype', ['homegrown', 'saas', 'developer_tool']],
  ['riskTier', ['low', 'medium', 'high', 'critical']],
  ['risk', ['low', 'medium', 'high']],
  ['authMethod', ['token', 'dpop', 'static-development']],
]);
