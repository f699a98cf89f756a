import { Type } from 'typebox';

export interface LimitSpec {
  readonly unit: 'bytes' | 'ms' | 'count' | 'levels';
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** What is bounded, and what happens beyond it. Printed in docs/configuration.md and shown by editors. */
  readonly what: string;
}

const MIB = 1_048_576;
const MINUTE_MS = 60_000;

/**
 * Every limit of the gateway, in one place: the schema, the defaults and the table in docs/configuration.md come from
 * here. All are inclusive: exactly the limit is still accepted.
 */
export const LIMITS = {
  bodyBytes: {
    unit: 'bytes',
    default: MIB,
    min: 1024,
    max: 64 * MIB,
    what: 'One request body from an agent. Beyond: 413, nothing parsed.',
  },
  headerBytes: {
    unit: 'bytes',
    default: 16_384,
    min: 4096,
    max: 131_072,
    what: 'All request headers together. Beyond: 431, connection closed.',
  },
  depth: {
    unit: 'levels',
    default: 64,
    min: 8,
    max: 256,
    what: 'Nesting of one JSON message. Beyond: refused before it is parsed.',
  },
  keys: {
    unit: 'count',
    default: 10_000,
    min: 100,
    max: 1_000_000,
    what: 'Members and elements of one JSON message. Beyond: refused before it is parsed.',
  },
  responseBytes: {
    unit: 'bytes',
    default: 16 * MIB,
    min: 1024,
    max: 256 * MIB,
    what: 'One upstream answer, a stream counted as a whole. Beyond: cut off, the agent gets an error, the outcome is recorded.',
  },
  stdioLineBytes: {
    unit: 'bytes',
    default: 16 * MIB,
    min: 1024,
    max: 256 * MIB,
    what: 'One line from a stdio server. Beyond: the child process is stopped.',
  },
  connections: {
    unit: 'count',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    what: 'Open client connections. Beyond: new ones are closed at once.',
  },
  sessions: {
    unit: 'count',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    what: 'Sessions of all agents. Beyond: a new session is refused with 503.',
  },
  sessionsPerAgent: {
    unit: 'count',
    default: 100,
    min: 1,
    max: 100_000,
    what: 'Sessions of one agent. Beyond: a new session is refused with 503.',
  },
  concurrentCalls: {
    unit: 'count',
    default: 1_000,
    min: 1,
    max: 100_000,
    what: 'Calls in flight, all agents. Beyond: refused with 503, recorded.',
  },
  concurrentCallsPerAgent: {
    unit: 'count',
    default: 100,
    min: 1,
    max: 100_000,
    what: 'Calls in flight of one agent; its neighbours are not affected. Beyond: refused with 503, recorded.',
  },
  requestTimeoutMs: {
    unit: 'ms',
    default: 5 * MINUTE_MS,
    min: 100,
    max: 24 * 60 * MINUTE_MS,
    what: 'One call upstream; `timeoutMs` of a server replaces it. Beyond: aborted, outcome `unknown`.',
  },
  headersTimeoutMs: {
    unit: 'ms',
    default: 15_000,
    min: 1_000,
    max: 5 * MINUTE_MS,
    what: 'Time a client has to send its request headers. Beyond: 408, connection closed.',
  },
  bodyTimeoutMs: {
    unit: 'ms',
    default: 60_000,
    min: 1_000,
    max: 10 * MINUTE_MS,
    what: 'Time a client has to send a whole request. Beyond: 408, connection closed.',
  },
  idleSessionMs: {
    unit: 'ms',
    default: 30 * MINUTE_MS,
    min: 1_000,
    max: 7 * 24 * 60 * MINUTE_MS,
    what: 'A session without any traffic. Beyond: closed, its upstream connection too.',
  },
  sseBufferEvents: {
    unit: 'count',
    default: 256,
    min: 1,
    max: 100_000,
    what: 'Events kept per stream for `Last-Event-ID`, and queued for a slow reader. Beyond: the oldest are dropped, a slow reader is disconnected.',
  },
  toolsPerServer: {
    unit: 'count',
    default: 2_000,
    min: 1,
    max: 100_000,
    what: 'Tools one server may list. Beyond: the listing is refused.',
  },
  definitionBytes: {
    unit: 'bytes',
    default: 262_144,
    min: 1024,
    max: 4 * MIB,
    what: 'One tool definition. Beyond: the tool is quarantined.',
  },
  pendingApprovalsPerAgent: {
    unit: 'count',
    default: 50,
    min: 1,
    max: 10_000,
    what: 'Unanswered approvals of one agent. Beyond: a further call that needs one is refused.',
  },
  drainMs: {
    unit: 'ms',
    default: 30_000,
    min: 0,
    max: 60 * MINUTE_MS,
    what: 'Time calls in flight have to finish when the gateway stops. Beyond: aborted, outcomes recorded.',
  },
} as const satisfies Record<string, LimitSpec>;

export type LimitName = keyof typeof LIMITS;
export type Limits = { readonly [name in LimitName]: number };

export const DEFAULT_LIMITS: Limits = Object.fromEntries(
  Object.entries(LIMITS).map(([name, spec]) => [name, spec.default]),
) as Limits;

const properties = Object.fromEntries(
  Object.entries(LIMITS).map(([name, spec]) => [
    name,
    Type.Optional(
      Type.Integer({
        minimum: spec.min,
        maximum: spec.max,
        default: spec.default,
        description: `${spec.what} Unit: ${spec.unit}.`,
      }),
    ),
  ]),
);

export const LimitsSchema = Type.Object(properties, {
  additionalProperties: false,
  description: 'Bounds on everything. Every one has a safe default.',
});

/** The limits table of docs/configuration.md, as Markdown. A test compares the document with it. */
export function limitsTable(): string {
  const rows = Object.entries(LIMITS).map(
    ([name, spec]) => `| \`${name}\` | ${spec.default} | ${spec.min} – ${spec.max} | ${spec.unit} | ${spec.what} |`,
  );
  return ['| key | default | allowed | unit | what is bounded |', '| --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}
