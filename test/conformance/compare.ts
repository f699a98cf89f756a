import { parseArgs } from 'node:util';
import { type Check, type Requirements, runConformance, type Status } from './run.ts';

/**
 * lost: passes directly, does not through the gateway. worse: was no failure directly, is one through the gateway.
 * demanded: must pass whatever the server behind does, and does not. weaker: passed directly, only noted through the gateway.
 * vacuous: passed directly only because the server lacks what the scenario needs. gained: fails directly, passes through the gateway.
 */
export type Kind = 'lost' | 'worse' | 'demanded' | 'weaker' | 'vacuous' | 'gained';

export interface Finding {
  readonly kind: Kind;
  readonly scenario: string;
  readonly key: string;
  readonly direct: Status | 'ABSENT';
  readonly through: Status | 'ABSENT';
  readonly message: string;
}

/** A finding of these kinds means that the gateway is in the way. */
export const BROKEN: ReadonlySet<Kind> = new Set<Kind>(['lost', 'worse', 'demanded']);

export interface CompareRules {
  /** Scenarios that must not fail through the gateway at all. */
  readonly demanded?: readonly string[];
  /** Scenarios whose tool the server does not have: it answers "no such tool" in a shape that happens to satisfy them. */
  readonly vacuous?: readonly string[];
}

/** Scenario by scenario and check by check. */
export function compare(
  direct: readonly Check[],
  through: readonly Check[],
  rules: CompareRules = {},
): readonly Finding[] {
  const index = (checks: readonly Check[]) =>
    new Map(checks.map((check) => [`${check.scenario}\n${check.key}`, check]));
  const before = index(direct);
  const after = index(through);
  const failing = new Set(direct.filter(({ status }) => status === 'FAILURE').map(({ scenario }) => scenario));
  const findings: Finding[] = [];
  for (const at of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(at), after.get(at)];
    const { scenario, key } = (b ?? a) as Check;
    const kind = judge(
      { direct: a?.status ?? 'ABSENT', through: b?.status ?? 'ABSENT', failing: failing.has(scenario) },
      scenario,
      rules,
    );
    if (kind === null) continue;
    const message = (kind === 'gained' ? a : (b ?? a))?.message ?? '';
    findings.push({ kind, scenario, key, direct: a?.status ?? 'ABSENT', through: b?.status ?? 'ABSENT', message });
  }
  return findings;
}

interface Verdicts {
  readonly direct: Status | 'ABSENT';
  readonly through: Status | 'ABSENT';
  /** The scenario fails directly: it may have ended before this check. */
  readonly failing: boolean;
}

function judge(
  { direct, through, failing }: Verdicts,
  scenario: string,
  { demanded = [], vacuous = [] }: CompareRules,
): Kind | null {
  if (through === 'FAILURE' && demanded.includes(scenario)) return 'demanded';
  if (direct === 'SUCCESS' && through !== 'SUCCESS') {
    if (vacuous.includes(scenario)) return 'vacuous';
    return through === 'INFO' ? 'weaker' : 'lost';
  }
  if (through === 'FAILURE' && direct !== 'FAILURE') return direct === 'ABSENT' && failing ? null : 'worse';
  return direct !== 'SUCCESS' && direct !== 'INFO' && through === 'SUCCESS' ? 'gained' : null;
}

const passed = (checks: readonly Check[], scenario: string): string => {
  const own = checks.filter((check) => check.scenario === scenario && check.status !== 'INFO');
  return `${own.filter((check) => check.status === 'SUCCESS').length}/${own.length}`;
};

/** One line a scenario, then one a finding. */
export function table(direct: readonly Check[], through: readonly Check[], findings: readonly Finding[]): string {
  const scenarios = [...new Set([...direct, ...through].map((check) => check.scenario))].sort();
  const width = Math.max('scenario'.length, ...scenarios.map((scenario) => scenario.length));
  const rows = scenarios.map((scenario) => {
    const kinds = [...new Set(findings.filter((finding) => finding.scenario === scenario).map(({ kind }) => kind))];
    return `${scenario.padEnd(width)}  ${passed(direct, scenario).padStart(7)}  ${passed(through, scenario).padStart(7)}  ${kinds.join(', ')}`;
  });
  const details = findings
    .filter(({ kind }) => kind !== 'gained')
    .map(
      ({ kind, scenario, key, direct: a, through: b, message }) =>
        `${kind}: ${scenario}: ${key}: ${a} -> ${b}${message === '' ? '' : `: ${message}`}`,
    );
  return [`${'scenario'.padEnd(width)}   direct  gateway`, ...rows, ...details].join('\n');
}

export interface Comparison {
  readonly direct: readonly Check[];
  readonly through: readonly Check[];
  readonly findings: readonly Finding[];
}

export interface CompareOptions extends CompareRules {
  readonly directUrl: string;
  readonly gatewayUrl: string;
  readonly requirements: Requirements;
}

/** Runs the conformance tool against a server directly and through a gateway in front of it. */
export async function compareServers({
  directUrl,
  gatewayUrl,
  requirements,
  ...rules
}: CompareOptions): Promise<Comparison> {
  const direct = await runConformance(directUrl, requirements);
  const through = await runConformance(gatewayUrl, requirements);
  return { direct, through, findings: compare(direct, through, rules) };
}

const USAGE = `node test/conformance/compare.ts --direct URL --gateway URL --requirements 2025-11-25|2026-07-28
  [--demand SCENARIO]... [--vacuous SCENARIO]...
`;

if (import.meta.main) {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const { values } = parseArgs({
    options: { direct: text, gateway: text, requirements: text, demand: list, vacuous: list },
  });
  const { direct: directUrl, gateway: gatewayUrl, requirements, demand: demanded = [], vacuous = [] } = values;
  if (
    directUrl === undefined ||
    gatewayUrl === undefined ||
    (requirements !== '2025-11-25' && requirements !== '2026-07-28')
  ) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  const { direct, through, findings } = await compareServers({
    directUrl,
    gatewayUrl,
    requirements,
    demanded,
    vacuous,
  });
  process.stdout.write(`${table(direct, through, findings)}\n`);
  process.exit(findings.some(({ kind }) => BROKEN.has(kind)) ? 1 : 0);
}
