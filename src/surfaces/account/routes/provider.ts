import { keptAs } from '../../../identity/sign-in/secret-text.ts';
import { row } from '../../../identity/sign-in/sessions.ts';
import type { JsonObject } from '../../../model/json.ts';
import { ProviderFailed } from '../../../ports/identity-provider.ts';
import type { AccountParts, ProviderDoor } from '../options.ts';
import { onward } from '../pages/sign-in.ts';
import { redirect, sendPage } from '../web/answer.ts';
import { returnPath, Shown, type Visit } from '../web/visit.ts';
import { addressOf, admitted, showSignIn } from './sign-in.ts';

const FLOW = 'ProviderSignIn';
/** Time for a person to sign in over there. */
const FLOW_MS = 15 * 60_000;

interface Flow {
  readonly provider: string;
  readonly back: string;
  readonly kept: JsonObject;
}

/** GET /sign-in/with/:provider: off to the provider, remembering for whom and for what. */
export async function beginAtProvider(parts: AccountParts, visit: Visit, id: string): Promise<void> {
  const door = doorOf(parts, id);
  const back = returnPath(visit.query.get('return'));
  if (!(await parts.throttle.take('address', addressOf(visit))))
    throw new Shown(429, 'Too many tries', 'Wait a quarter of an hour and sign in again.');
  try {
    const redirectUri = redirectUriOf(visit.origin, id);
    const begun = await door.provider.begin({ redirectUri, again: visit.query.get('again') === '1' });
    const flow: Flow = { provider: id, back, kept: begun.kept };
    const expiresAtMs = parts.clock.nowMs() + FLOW_MS;
    await parts.flows.put(row(FLOW, flowId(begun.state, visit), { payload: flow, account: null, expiresAtMs }));
    redirect(visit, begun.url);
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    parts.log.warn({ provider: id, why: error.detail }, 'a provider cannot be used');
    showSignIn(parts, visit, { back, problem: error.message, status: 502 });
  }
}

/**
 * GET /sign-in/callback/:provider. What comes back belongs to one flow of this browser, is used once, and comes to the address of the
 * provider it was begun with: each has its own, so that no provider can pass its answer off as another's.
 */
export async function backFromProvider(parts: AccountParts, visit: Visit, id: string): Promise<void> {
  const door = doorOf(parts, id);
  const flow = await spendFlow(parts, visit, id);
  if (flow === null)
    throw new Shown(
      400,
      'This sign-in is over',
      'It was finished already, took too long, or began in another browser. Start again.',
    );
  try {
    const callback = new URL(`${redirectUriOf(visit.origin, id)}?${visit.query.toString()}`);
    const answer = await door.provider.finish(callback, flow.kept);
    const admission = await parts.admitProvider(door, answer);
    if (!admission.ok) {
      parts.log.warn(
        { provider: id, why: admission.why, subject: answer.subject },
        'a sign-in at a provider was refused',
      );
      const problem = REFUSED[admission.why] ?? REFUSED.other;
      return showSignIn(parts, visit, { back: flow.back, problem: problem as string, status: 403 });
    }
    await parts.keepProviderTokens?.(admission.person.id, id, answer);
    const proven = provenAt(answer.claims, parts.clock.nowMs());
    await admitted(parts, visit, { person: admission.person.id, amr: answer.amr, provider: id, ...proven });
    sendPage(visit, 200, onward('Signed in', flow.back));
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    parts.log.warn({ provider: id, why: error.detail }, 'a sign-in at a provider failed');
    showSignIn(parts, visit, { back: flow.back, problem: error.message, status: 400 });
  }
}

/** A provider that knows somebody already asks them nothing: what was proven is as old as it says (OpenID Connect Core section 2, `auth_time`). */
function provenAt({ auth_time: timeS }: JsonObject, nowMs: number): { readonly provenMs?: number } {
  return typeof timeS === 'number' && timeS * 1000 < nowMs ? { provenMs: timeS * 1000 } : {};
}

const REFUSED: Readonly<Record<string, string>> = {
  'unverified-email':
    'Your e-mail address is not verified at the identity provider. Verify it there, then sign in again.',
  'stale-view': 'The gateway cannot say who may enter right now. Try again in a moment.',
  other: 'You signed in, but you have no access to this gateway. Ask whoever runs it.',
};

async function spendFlow(parts: AccountParts, visit: Visit, id: string): Promise<Flow | null> {
  const state = visit.query.get('state');
  if (state === null || state.length > 200 || visit.query.getAll('state').length > 1) return null;
  const key = flowId(state, visit);
  const kept = await parts.flows.find(FLOW, key);
  const flow = kept?.payload as unknown as Flow | undefined;
  if (flow === undefined || flow.provider !== id) return null;
  return (await parts.flows.consume(FLOW, key, parts.clock.nowMs())) ? flow : null;
}

/** Only the browser that began the flow knows its own secret. */
function flowId(state: string, visit: Visit): string {
  return keptAs(FLOW, JSON.stringify([state, visit.secret]));
}

function redirectUriOf(origin: string, id: string): string {
  return `${origin}/sign-in/callback/${id}`;
}

function doorOf(parts: AccountParts, id: string): ProviderDoor {
  const door = parts.providers().find((each) => each.id === id);
  if (door === undefined) throw new Shown(404, 'Not here', 'This gateway knows no such identity provider.');
  return door;
}
