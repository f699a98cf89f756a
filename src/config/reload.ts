import type { Config } from './config.ts';
import type { LimitName } from './schema/limits.ts';

/** Limits of what is opened once: a reload could not change them, and must not look as if it had. */
const FIXED_LIMITS: readonly LimitName[] = [
  'connections',
  'headerBytes',
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'toolsPerServer',
  'definitionBytes',
  'pendingApprovalsPerAgent',
];

/** What is bound or opened once, at the start. The rest is replaced as a whole by a reload. */
const FIXED: readonly { readonly key: string; readonly of: (config: Config) => unknown }[] = [
  { key: 'listen', of: (config) => config.listen },
  { key: 'data', of: (config) => config.dataDir },
  { key: 'store', of: (config) => config.store },
  { key: 'vault', of: (config) => config.vault },
  { key: 'admin.socket', of: (config) => config.admin.socket },
  { key: 'journal', of: (config) => config.journal },
  { key: 'metrics', of: (config) => config.metrics },
  { key: 'telemetry', of: (config) => config.telemetry },
  { key: 'log', of: (config) => config.log },
  { key: 'oauth.keyRotationDays', of: (config) => config.oauth.keyRotationMs },
  { key: 'oauth.trustedOrigins', of: (config) => config.oauth.trustedOrigins },
  { key: 'approvals.waitMs', of: (config) => config.approvals.waitMs },
  ...FIXED_LIMITS.map((name) => ({ key: `limits.${name}`, of: (config: Config) => config.limits[name] })),
];

/**
 * The keys whose change a running gateway cannot take over. Empty: `next` can replace `current` without dropping a
 * connection. Not empty: the whole reload is refused, so that what runs is always one configuration. Pure.
 */
export function changesNeedingRestart(current: Config, next: Config): readonly string[] {
  return FIXED.filter(({ of }) => JSON.stringify(of(current)) !== JSON.stringify(of(next))).map(({ key }) => key);
}

/** One sentence for the operator, or null when nothing stands in the way of the reload. */
export function restartMessage(current: Config, next: Config): string | null {
  const keys = changesNeedingRestart(current, next);
  if (keys.length === 0) return null;
  return `not reloaded, the old configuration stays in force: a change of ${keys.join(', ')} needs a restart of the gateway`;
}
