/** One rule in no engine's language: rendered for each of them, so that all are measured on the same rules. */
export interface RuleSpec {
  readonly id: string;
  readonly effect: 'permit' | 'forbid' | 'ask';
  /** Null: every agent. */
  readonly who: { readonly kind: 'agent' | 'group'; readonly id: string } | null;
  /** Null: every tool. A tool is `server/tool`. */
  readonly what: { readonly kind: 'tool' | 'server'; readonly id: string } | null;
  readonly when: readonly Test[];
}

/** All tests of a rule must hold. A fact that is absent fails its test. */
export type Test =
  | { readonly fact: 'effect' | 'dataClass' | 'currency'; readonly is: string }
  | { readonly fact: 'amount'; readonly atMost: number }
  | { readonly fact: 'amount'; readonly above: number }
  | { readonly fact: 'callsLastHour'; readonly atLeast: number }
  | { readonly fact: 'readUntrusted' };

export interface AgentSpec {
  readonly id: string;
  readonly groups: readonly string[];
}

export interface ToolSpec {
  readonly server: string;
  readonly name: string;
  readonly effect: 'read' | 'write' | 'destructive' | 'external';
}

export interface QuestionSpec {
  readonly agent: AgentSpec;
  readonly tool: ToolSpec;
  readonly amount: number | null;
  readonly currency: string | null;
  readonly readUntrusted: boolean;
  readonly callsLastHour: number;
}

export interface Company {
  readonly agents: readonly AgentSpec[];
  readonly groups: readonly string[];
  readonly servers: readonly string[];
  readonly tools: readonly ToolSpec[];
  readonly rules: readonly RuleSpec[];
  readonly questions: readonly QuestionSpec[];
}

const EFFECTS = ['read', 'write', 'destructive', 'external'] as const;

/**
 * A company that grows with its number of rules: one rule in ten is a guardrail for everybody (four of them everywhere, the rest on
 * one server each), four in ten give a group a server's reading or writing, the rest give one agent one tool up to an
 * amount and ask above it. About ten rules name each agent or one of its groups, however large the company is.
 */
export function company(ruleCount: number): Company {
  const servers = names('server', Math.max(2, Math.ceil(ruleCount / 20)));
  const groups = names('group', Math.max(2, Math.ceil(ruleCount / 20)));
  const agents = names('agent', Math.max(2, Math.ceil(ruleCount / 10))).map((id, i) => ({
    id,
    groups: [at(groups, i), at(groups, i * 7 + 3)].filter((group, j, both) => both.indexOf(group) === j),
  }));
  const tools = servers.flatMap((server) =>
    names('tool', 10).map((name, i) => ({ server, name, effect: at(EFFECTS, i) })),
  );
  const parts = { agents, groups, servers, tools };
  return { ...parts, rules: rulesFor(ruleCount, parts), questions: questionsFor(parts) };
}

type Parts = Pick<Company, 'agents' | 'groups' | 'servers' | 'tools'>;

function rulesFor(count: number, { agents, groups, servers, tools }: Parts): RuleSpec[] {
  const guardrails = Math.max(1, Math.floor(count / 10));
  const grants = Math.floor((count - guardrails) * 0.45);
  return Array.from({ length: count }, (_, i): RuleSpec => {
    const id = `rule-${i}`;
    if (i < guardrails) return guardrail(id, i, servers);
    if (i < guardrails + grants) {
      const n = i - guardrails;
      const who = { kind: 'group', id: at(groups, n) } as const;
      const what = { kind: 'server', id: at(servers, n * 3 + (n >> 4)) } as const;
      return { id, effect: 'permit', who, what, when: [{ fact: 'effect', is: n % 3 === 0 ? 'write' : 'read' }] };
    }
    const n = i - guardrails - grants;
    const pair = n >> 1;
    const tool = at(tools, pair * 4 + 1);
    const who = { kind: 'agent', id: at(agents, pair).id } as const;
    const what = { kind: 'tool', id: `${tool.server}/${tool.name}` } as const;
    const limit = 100 + (pair % 9) * 50;
    const euro: Test = { fact: 'currency', is: 'EUR' };
    return n % 2 === 0
      ? { id, effect: 'permit', who, what, when: [{ fact: 'amount', atMost: limit }, euro] }
      : {
          id,
          effect: 'ask',
          who,
          what,
          when: [{ fact: 'amount', above: limit }, { fact: 'amount', atMost: 5000 }, euro],
        };
  });
}

function guardrail(id: string, n: number, servers: readonly string[]): RuleSpec {
  const everywhere: readonly (readonly Test[])[] = [
    [{ fact: 'effect', is: 'external' }, { fact: 'readUntrusted' }],
    [{ fact: 'amount', above: 10_000 }],
    [{ fact: 'callsLastHour', atLeast: 500 }],
    [{ fact: 'effect', is: 'destructive' }],
  ];
  const when = everywhere[n];
  if (when !== undefined) return { id, effect: 'forbid', who: null, what: null, when };
  const what = { kind: 'server', id: at(servers, n) } as const;
  return {
    id,
    effect: 'forbid',
    who: null,
    what,
    when: [{ fact: 'dataClass', is: 'restricted' }, { fact: 'readUntrusted' }],
  };
}

/** 64 questions that differ in agent, tool and facts: permitted, asked, forbidden and simply not permitted. */
function questionsFor({ agents, tools }: Parts): QuestionSpec[] {
  return Array.from({ length: 64 }, (_, i) => {
    const agentAt = i * 5;
    return {
      agent: at(agents, agentAt),
      // Half of them on the tool that the agent's own rule is about.
      tool: i % 2 === 0 ? at(tools, (agentAt % agents.length) * 4 + 1) : at(tools, i * 13),
      amount: i % 4 === 3 ? null : 40 + i * 12,
      currency: i % 4 === 3 ? null : 'EUR',
      readUntrusted: i % 8 === 5,
      callsLastHour: i % 16 === 9 ? 600 : i,
    };
  });
}

function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}-${i}`);
}

function at<T>(list: readonly T[], index: number): T {
  return list[index % list.length] as T;
}
