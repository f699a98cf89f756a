import type { JournalHealth } from '../../audit/journal.ts';
import type { Lock, LockTarget, Tier } from '../../model/lock.ts';
import type { PinRow } from '../../ports/stores.ts';
import type { UpstreamHealth } from '../../ports/upstream.ts';
import type { RevocationStatus } from '../../revocation/revocation.ts';

/** GET /v1/status */
export interface GatewayStatus {
  readonly version: string;
  readonly url: string;
  readonly uptimeMs: number;
  readonly policyVersion: string;
  readonly agents: number;
  readonly servers: number;
  readonly sessions: number;
  readonly journal: JournalHealth;
  readonly revocation: RevocationStatus;
}

/** GET /v1/servers: how a server is. Over the socket with its address, its command and what it said last. */
export interface ServerHealth extends Partial<UpstreamHealth> {
  readonly id: string;
  readonly kind: 'http' | 'stdio';
  /** Over the socket alone: it may hold secrets. */
  readonly where?: string;
  readonly risk: 'low' | 'medium' | 'high';
  readonly trust: 'first-use' | 'review';
  /** Tools agents may see. */
  readonly tools: number;
  readonly quarantined: number;
}

/** GET /v1/sessions: a session of an agent that is open at this gateway. */
export interface OpenSession {
  readonly id: string;
  readonly agent: string;
  readonly endpoint: string;
  readonly startedAtMs: number;
  readonly lastSeenMs: number;
  readonly protocolVersion: string;
  readonly inFlight: number;
  readonly calls: number;
  readonly denied: number;
}

/** POST /v1/locks */
export interface Locked {
  readonly epoch: number;
  readonly target: string;
  readonly tier: Tier;
}

/** POST /v1/reload */
export interface ReloadAnswer {
  readonly ok: boolean;
  /** Why not, when not. */
  readonly message: string;
  readonly problems: readonly ConfigurationProblem[];
}

/** Something wrong with the configuration or a policy, and what to do about it. */
export interface ConfigurationProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly help: string;
}

/** What an operator can do to a running gateway. Made in `main.ts`; the admin API only translates. */
export interface Operations {
  status(): Promise<GatewayStatus>;
  servers(): Promise<readonly ServerHealth[]>;
  /** Pins of one server with findings and both definitions; null when there is no such server. */
  tools(server: string): readonly PinRow[] | null;
  /** Lists the server's tools now, so that its pins are current. Null: no such server. */
  scan(server: string, order: { by: string; reason: string }): Promise<{ readonly tools: number } | null>;
  accept(accept: { server: string; tool: string; seenHash: string; by: string; reason: string }): Promise<boolean>;
  sessions(): readonly OpenSession[];
  locks(): { readonly epoch: number; readonly locks: readonly Lock[] };
  lock(lock: { target: LockTarget; tier: Tier; reason: string; by: string; forMs: number | null }): Promise<Locked>;
  release(release: { target: LockTarget; reason: string; by: string }): Promise<boolean>;
  /** Reads configuration and policies again. */
  reload(by: string): Promise<ReloadAnswer>;
  /** Prometheus text, or null when metrics are off. */
  metrics(): Promise<string | null>;
}
