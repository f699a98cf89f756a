import type { Json } from '../../model/json.ts';
import type { Lock, LockTarget, Tier } from '../../model/lock.ts';

/** What an operator can do to a running gateway. Made in `main.ts`; the admin API only translates. */
export interface Operations {
  status(): Promise<Json>;
  servers(): Promise<readonly Json[]>;
  /** Pins of one server with findings and both definitions; null when there is no such server. */
  tools(server: string): readonly Json[] | null;
  /** Lists the server's tools now, so that its pins are current. Null: no such server. */
  scan(server: string, order: { by: string; reason: string }): Promise<Json | null>;
  accept(accept: { server: string; tool: string; seenHash: string; by: string; reason: string }): Promise<boolean>;
  sessions(): readonly Json[];
  locks(): { readonly epoch: number; readonly locks: readonly Lock[] };
  lock(lock: { target: LockTarget; tier: Tier; reason: string; by: string; forMs: number | null }): Promise<Json>;
  release(release: { target: LockTarget; reason: string; by: string }): Promise<boolean>;
  /** Reads configuration and policies again. `message` says why not, when not. */
  reload(by: string): Promise<{ readonly ok: boolean; readonly message: string; readonly problems: readonly Json[] }>;
  /** Prometheus text, or null when metrics are off. */
  metrics(): Promise<string | null>;
}
