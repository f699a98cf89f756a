import type { AccountParts } from '../options.ts';
import type { Method, PageRoute } from '../serve.ts';
import type { Visit, Who } from '../web/visit.ts';
import {
  changePassword,
  endAllSessions,
  endSession,
  removeConnection,
  removePasskey,
  showAccount,
  signOut,
  withdrawConsent,
} from './account.ts';
import { giveConsent, refuseConsent, showInteraction } from './interaction.ts';
import { invitationPasskey, invitationPasskeyOptions, invitationPassword, showInvitation } from './invitation.ts';
import { newPasskey, newPasskeyOptions } from './passkeys.ts';
import { backFromProvider, beginAtProvider } from './provider.ts';
import { passkeyOptions, passkeySignIn, passwordSignIn, signIn } from './sign-in.ts';

type VisitorRun = (parts: AccountParts, visit: Visit, about: string) => Promise<void> | void;
type PersonRun = (parts: AccountParts, visit: Visit, who: Who) => Promise<void> | void;

/** Which page answers what, and whether somebody must be signed in for it. */
export function pagesOf(parts: AccountParts): readonly PageRoute[] {
  const open = (method: Method, path: RegExp, run: VisitorRun): PageRoute => ({
    method,
    path,
    needs: 'visitor',
    run: (visit, about) => run(parts, visit, about),
  });
  const own = (method: Method, path: RegExp, run: PersonRun): PageRoute => ({
    method,
    path,
    needs: 'person',
    run: (visit, who) => run(parts, visit, who),
  });
  const invitation = '/sign-in/invitation/([\\w-]{43})';
  return [
    open('GET', /^\/sign-in$/, signIn),
    open('POST', /^\/sign-in\/password$/, passwordSignIn),
    open('POST', /^\/sign-in\/passkey\/options$/, passkeyOptions),
    open('POST', /^\/sign-in\/passkey$/, passkeySignIn),
    open('GET', /^\/sign-in\/with\/([a-z][a-z0-9-]{0,31})$/, beginAtProvider),
    open('GET', /^\/sign-in\/callback\/([a-z][a-z0-9-]{0,31})$/, backFromProvider),
    open('GET', new RegExp(`^${invitation}$`), showInvitation),
    open('POST', new RegExp(`^${invitation}/password$`), invitationPassword),
    open('POST', new RegExp(`^${invitation}/passkey/options$`), invitationPasskeyOptions),
    open('POST', new RegExp(`^${invitation}/passkey$`), invitationPasskey),
    open('POST', /^\/sign-out$/, signOut),
    open('GET', /^\/oauth\/interaction\/[\w-]{1,200}$/, showInteraction),
    open('POST', /^\/oauth\/interaction\/[\w-]{1,200}\/consent$/, giveConsent),
    open('POST', /^\/oauth\/interaction\/[\w-]{1,200}\/deny$/, refuseConsent),
    own('GET', /^\/account$/, (all, visit, who) => showAccount(all, visit, who)),
    own('POST', /^\/account\/consents\/withdraw$/, withdrawConsent),
    own('POST', /^\/account\/connections\/remove$/, removeConnection),
    own('POST', /^\/account\/password$/, changePassword),
    own('POST', /^\/account\/passkeys\/options$/, newPasskeyOptions),
    own('POST', /^\/account\/passkeys$/, newPasskey),
    own('POST', /^\/account\/passkeys\/remove$/, removePasskey),
    own('POST', /^\/account\/sessions\/end$/, endSession),
    own('POST', /^\/account\/sessions\/end-all$/, endAllSessions),
  ];
}
