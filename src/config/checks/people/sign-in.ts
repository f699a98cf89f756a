import { isLoopback } from '../../config.ts';
import type { ConfigFile } from '../../schema.ts';
import type { Finding } from '../../source/problem.ts';

/** What the schema cannot say of `signIn`. Pure. */
export function checkSignIn(raw: ConfigFile): Finding[] {
  const findings: Finding[] = [];
  const { session, providers = {} } = raw.signIn ?? {};
  for (const [id, provider] of Object.entries(providers)) {
    const path = ['signIn', 'providers', id];
    const issuer = URL.canParse(provider.issuer) ? new URL(provider.issuer) : null;
    if (issuer === null || (issuer.protocol === 'http:' && !isLoopback(issuer.hostname))) {
      const message = 'an identity provider is reached over https (http on loopback only)';
      findings.push({ path: [...path, 'issuer'], at: 'value', message, help: 'write its issuer as https://…' });
    }
    if (provider.clientSecret !== undefined && provider.privateKey !== undefined) {
      const message = 'clientSecret and privateKey exclude each other';
      findings.push({
        path: [...path, 'privateKey'],
        at: 'key',
        message,
        help: 'keep the one registered at the provider',
      });
    }
  }
  const { idleMs, absoluteMs } = session ?? {};
  if (idleMs !== undefined && absoluteMs !== undefined && idleMs > absoluteMs) {
    const message = 'idleMs is longer than absoluteMs and would never be reached';
    findings.push({
      path: ['signIn', 'session', 'idleMs'],
      at: 'value',
      message,
      help: 'make it shorter, or absoluteMs longer',
    });
  }
  return findings;
}
