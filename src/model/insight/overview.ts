/** GET /v1/overview: the three questions, what needs attention, and what is going on. */
export interface Overview {
  readonly atMs: number;
  /** Where are my agents. */
  readonly agents: {
    readonly total: number;
    readonly byState: Readonly<Record<string, number>>;
    readonly byArchetype: Readonly<Record<string, number>>;
    readonly byRisk: Readonly<Record<string, number>>;
    /** Called something in the last 24 hours. */
    readonly active24h: number;
    readonly owners: number;
  };
  /** What can they connect to. */
  readonly connections: {
    readonly servers: number;
    readonly serversFailing: number;
    readonly tools: number;
    readonly agentToAgent: number;
    readonly brokeredCredentials: number;
  };
  /** What can they do. */
  readonly abilities: {
    readonly policies: number;
    readonly policyVersion: string;
    /** Tools by effect: read, write, destructive, external, credential. */
    readonly toolsByEffect: Readonly<Record<string, number>>;
    readonly asking: number;
    readonly forbidding: number;
  };
  /** Empty: nothing does. The most urgent first. */
  readonly attention: readonly Attention[];
  readonly journal: { readonly state: string; readonly message: string | null; readonly records: number };
  readonly lastDrill: Drill | null;
}

export interface Attention {
  readonly kind:
    | 'approvals'
    | 'orphaned'
    | 'quarantined'
    | 'locked'
    | 'server-failing'
    | 'posture'
    | 'journal'
    | 'expiring'
    | 'reviews-overdue';
  readonly severity: 'critical' | 'high' | 'medium' | 'low';
  readonly count: number;
  /** In one short sentence. */
  readonly text: string;
  /** A path of the console. */
  readonly href: string;
}

/** GET /v1/pulse: what happened each second, newest last; and the gateway's own part of the time calls took. */
export interface Pulse {
  readonly atMs: number;
  readonly stepMs: number;
  readonly permitted: readonly number[];
  readonly asked: readonly number[];
  readonly denied: readonly number[];
  /** Over the window, in microseconds, without the upstream and people. `null`: no calls. */
  readonly addedUs: { readonly p50: number; readonly p99: number } | null;
  readonly inFlight: number;
  readonly sessions: number;
}

/** One run of the kill switch against a target nobody uses. */
export interface Drill {
  readonly atMs: number;
  readonly by: string;
  /** From the order until this gateway refused. */
  readonly refusedMs: number;
  /** Until the lock was released again, and calls would pass. */
  readonly releasedMs: number;
  readonly ok: boolean;
  readonly message: string;
}

/** GET /v1/posture: what a careful operator would ask, answered from what is there now. */
export interface PostureAnswer {
  readonly id: string;
  readonly question: string;
  readonly state: 'good' | 'warn' | 'bad';
  readonly answer: string;
  /** What to do about it; `null`: nothing. */
  readonly advice: string | null;
  readonly href: string | null;
}
