import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ConsoleDoor, consoleDoor } from '../../surfaces/console/console.ts';
import type { DoorOptions } from '../doors/public-door.ts';
import type { SignIn } from '../doors/sign-in.ts';

/** Three folders above both `src/start/console` and `dist/start/console`. */
const ROOT = new URL('../../../', import.meta.url);

/** The console, on the sessions and passkeys of the account pages. */
export function openConsole({ live, stores }: Pick<DoorOptions, 'live' | 'stores'>, signIn: SignIn): ConsoleDoor {
  const { origin, rules, sessions, log, directory, passkeys, credentials, throttle, record, clock } = signIn.parts;
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  return consoleDoor({
    ...{ origin, rules, sessions, log, directory, passkeys, credentials, throttle, record, clock, version },
    settings: () => live.config.console,
    lifetimes: () => live.config.signIn.session,
    store: stores.oauth,
    siteDir: fileURLToPath(new URL('console/dist', ROOT)),
  });
}
