import { isLoopback } from '../config.ts';
import type { ConfigFile } from '../schema.ts';
import type { Finding, Path } from '../source/problem.ts';

/** What the schema cannot say of `approvals.notify`. Pure. */
export function checkNotify(raw: ConfigFile): {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
} {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const { email, webhook, webPush } = raw.approvals?.notify ?? {};
  if (email !== undefined) errors.push(...checkEmail(email));
  const origin = webhook === undefined || webhook.url.includes('${') ? null : URL.parse(webhook.url);
  if (origin?.protocol === 'http:' && !isLoopback(origin.hostname))
    warnings.push(at(['webhook', 'url'], 'requests are told in the clear', 'use https'));
  const { publicUrl } = raw.listen ?? {};
  const secure = raw.listen?.tls !== undefined || publicUrl?.startsWith('https:') === true;
  if (webPush !== undefined && webPush.enabled !== false && !secure && publicUrl !== undefined) {
    const message = 'browsers take notifications from https alone (or from localhost)';
    warnings.push(at(['webPush'], message, 'serve people over https: listen.tls, or a publicUrl that is https'));
  }
  return { errors, warnings };
}

type Email = NonNullable<NonNullable<NonNullable<ConfigFile['approvals']>['notify']>['email']>;

function checkEmail({ smtp, host, port, tls }: Email): Finding[] {
  if (smtp === undefined && host === undefined)
    return [at(['email'], 'no mail server is named', 'give smtp, or host with port and tls')];
  if (smtp === undefined) return [];
  const twice = Object.entries({ host, port }).filter(([, value]) => value !== undefined);
  const findings = twice.map(([name]) =>
    at(['email', name], `smtp and ${name} exclude each other`, 'name the mail server once'),
  );
  const clash = smtp.startsWith('smtps:') && tls !== undefined && tls !== 'implicit';
  return clash
    ? [...findings, at(['email', 'tls'], `smtps:// and tls: ${tls} exclude each other`, 'remove tls')]
    : findings;
}

function at(path: Path, message: string, help: string): Finding {
  return { path: ['approvals', 'notify', ...path], at: 'value', message, help };
}
