import type { InjectSettings } from '../../model/credential.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/secrets.ts';
import { type FetchCredential, place } from '../held.ts';

/** One secret for everybody, read where the operator keeps it. */
export function injectSource(
  settings: InjectSettings,
  parts: { secrets: SecretReader; clock: Clock },
): FetchCredential {
  return async () => {
    const { value, freshForMs } = await parts.secrets.read(settings.from);
    return { credential: place(settings.placement, value), freshUntilMs: parts.clock.nowMs() + freshForMs };
  };
}
