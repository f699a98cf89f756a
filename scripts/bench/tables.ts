import type { Report } from '../bench.ts';

type Print = (line: string) => void;
type Row = readonly string[];

const NOT_MEASURED = '-';

/** The report for people. Everything comes from the report: what is not in it is shown as not measured. */
export function printTables(report: Report, print: Print): void {
  const at = (path: string): unknown => path.split('.').reduce<unknown>(member, report);
  const figure = (path: string, digits = 1): string => {
    const value = at(path);
    return typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: digits }) : NOT_MEASURED;
  };
  const section = (title: string, rows: readonly Row[]) => {
    print(`\n${title}`);
    for (const line of aligned(rows)) print(line);
  };

  section('Decision, p50 in µs', [
    ['policies', '10', '100', '1000'],
    ...DECIDERS.map(([name, path]) => [name, ...['10', '100', '1000'].map((n) => figure(`${path}.${n}`, 2))]),
  ]);
  const targets = Object.keys((at('gateway.rps') ?? {}) as object);
  for (const [title, table, digits] of GATEWAY_TABLES) {
    const cells = (name: string) => ['1', '16', '64'].map((n) => figure(`gateway.${table}.${name}.${n}`, digits));
    section(title, [['calls in flight', '1', '16', '64'], ...targets.map((name) => [name, ...cells(name)])]);
  }
  section('The gateway against others, in this run', [
    ...RATIOS.map(([what, path, digits]) => [what, figure(path, digits)] as const),
  ]);
  section('Reasons for what is not measured', [
    ...Object.entries((at('unavailable') ?? {}) as Record<string, string>).map(([name, why]) => [name, why] as const),
  ]);
}

const DECIDERS = [
  ['interlock', 'decision.p50_us'],
  ['cedar-wasm', 'decision.cedar_wasm'],
  ['agt-sdk', 'decision.agt_sdk'],
] as const;

const GATEWAY_TABLES = [
  ['Calls per second', 'rps', 0],
  ['Latency p50, ms', 'p50_ms', 2],
  ['Latency p99, ms', 'p99_ms', 2],
  ['CPU of the proxy per call, µs', 'cpu_us_per_request', 0],
] as const;

const RATIOS = [
  ['CPU per call over the bare pass-through (16 in flight)', 'gateway.cpu_ratio_vs_passthrough', 2],
  ['added to the direct connection, p50 ms (1 in flight)', 'gateway.added_p50_ms', 3],
  ['added to the direct connection, p99 ms (1 in flight)', 'gateway.added_p99_ms', 3],
  ['throughput over mcp-proxy, both with a stdio server (16)', 'gateway.throughput_ratio_vs_mcp_proxy', 1],
  ['throughput over supergateway, both with a stdio server (16)', 'gateway.throughput_ratio_vs_supergateway', 1],
  ['journal appends per second at 1 / 16 / 256', 'journal.appends_per_s.1', 0],
  ['', 'journal.appends_per_s.16', 0],
  ['', 'journal.appends_per_s.256', 0],
  ['a kill seen by another process, p50 ms', 'kill.cross_process_p50_ms', 2],
  ['a kill seen by another process, p99 ms', 'kill.p99_ms', 2],
  ['an answer of a person until the server sees the call, p50 ms', 'approvals.effect.sqlite.alone.p50_ms', 1],
  ['the same, 50 answers at once, p99 ms', 'approvals.effect.sqlite.together.p99_ms', 0],
  ['a search that finds nothing among the requests that wait, ms', 'approvals.pending.sqlite.search_nothing.ms', 0],
  ['the longest stall of the event loop in it, ms', 'approvals.pending.sqlite.search_nothing.stall_ms', 1],
  ['memory per idle session, bytes', 'memory.bytes_per_idle_session', 0],
  ['start to first permitted call, ms', 'start.first_permitted_call_ms', 0],
] as const;

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function aligned(rows: readonly Row[]): readonly string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column))))
      .join('  ')
      .trimEnd(),
  );
}
