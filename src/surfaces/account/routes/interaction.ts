import type { OutgoingHttpHeaders } from 'node:http';
import type { Interactions } from '../../../oauth/interactions.ts';
import { InteractionGone, InteractionRefused } from '../../../oauth/interactions.ts';
import type { AccountParts } from '../options.ts';
import { consentPage, DURATIONS } from '../pages/consent.ts';
import { messagePage, onward as onwardPage } from '../pages/sign-in.ts';
import { redirect, sendPage } from '../web/answer.ts';
import { readForm, Shown, type Visit } from '../web/visit.ts';

/** GET /oauth/interaction/:uid: signs in whoever must, then asks. */
export async function showInteraction(parts: AccountParts, visit: Visit): Promise<void> {
  const interactions = need(parts);
  const { request, response, who } = visit;
  await guarded(async () => {
    const details = await interactions.details(request, response);
    if (details.prompt === 'login') {
      const again = (who?.session.authTimeMs ?? 0) < details.freshAfterMs;
      if (who === null || again) return toSignIn(visit, again && who !== null);
      const { session, person } = who;
      const authTimeMs = session.authTimeMs;
      return interactions.login(request, response, { personId: person.id, amr: session.amr, acr: null, authTimeMs });
    }
    // Somebody else signed in meanwhile, or nobody is any more: whoever consents is whom it is asked of.
    if (who === null || details.person === null) return toSignIn(visit, false);
    if (who.person.id !== details.person.id) throw someoneElse();
    if (details.agents.length === 0) return sendPage(visit, 403, nobodyToActAs());
    const personName = (id: string) => parts.directory.person(id)?.name ?? id;
    const nowMs = parts.clock.nowMs();
    const { consentMaxMs } = parts.settings();
    sendPage(visit, 200, consentPage(visit, { details, who, nowMs, consentMaxMs, personName, problem: null }));
  });
}

/** POST /oauth/interaction/:uid/consent */
export async function giveConsent(parts: AccountParts, visit: Visit): Promise<void> {
  const interactions = need(parts);
  const { request, response, who } = visit;
  const form = await readForm(visit);
  await guarded(async () => {
    const details = await interactions.details(request, response);
    if (who === null || details.person === null || details.prompt !== 'consent') return toSignIn(visit, false);
    if (who.person.id !== details.person.id) throw someoneElse();
    const nowMs = parts.clock.nowMs();
    const chosen = DURATIONS.find(({ id }) => id === form.get('duration')) ?? DURATIONS[0];
    const untilMs = Math.min(nowMs + Math.min(chosen.ms, parts.settings().consentMaxMs), details.maxUntilMs);
    const scopes = form.getAll('scope').slice(0, 500);
    const agentId = form.get('agent') ?? '';
    if (details.scopes.length > 0 && scopes.length === 0) {
      const personName = (id: string) => parts.directory.person(id)?.name ?? id;
      const problem = 'You left nothing ticked. Tick what you allow, or choose “Do not allow”.';
      const { consentMaxMs } = parts.settings();
      return sendPage(visit, 400, consentPage(visit, { details, who, nowMs, consentMaxMs, personName, problem }));
    }
    if (!details.agents.some(({ id }) => id === agentId))
      throw new InteractionRefused('Choose one of the agents shown.');
    await parts.record({
      act: 'consent.give',
      by: who.person.id,
      reason: 'consent page',
      detail: { agent: agentId, client: details.client.id, scopes, resources: [...details.resources], untilMs },
    });
    await onward(visit, () =>
      interactions.consent(request, response, { scopes, resources: details.resources, agentId, untilMs }),
    );
  });
}

/** POST /oauth/interaction/:uid/deny */
export async function refuseConsent(parts: AccountParts, visit: Visit): Promise<void> {
  const interactions = need(parts);
  await readForm(visit);
  await guarded(() =>
    onward(visit, () => interactions.deny(visit.request, visit.response, 'the person did not allow it')),
  );
}

/**
 * The seam answers with a redirect whose end is at the client. Browsers hold the answer of a form to the page's `form-action`, all the way
 * along; so that this stays at our own pages, the redirect becomes a page that goes on by itself.
 */
async function onward(visit: Visit, finish: () => Promise<void>): Promise<void> {
  const { response } = visit;
  const { writeHead, end } = response;
  const restore = (): void => void Object.assign(response, { writeHead, end });
  const held = { headers: {} as OutgoingHttpHeaders };
  response.writeHead = ((status: number, headers?: OutgoingHttpHeaders) => {
    response.statusCode = status;
    held.headers = headers ?? {};
    return response;
  }) as typeof response.writeHead;
  response.end = ((...all: unknown[]) => {
    restore();
    const to = response.getHeader('location') ?? held.headers.location;
    if (typeof to !== 'string' || new URL(to, visit.origin).origin !== visit.origin) {
      response.writeHead(response.statusCode, held.headers);
      return (response.end as (...rest: unknown[]) => typeof response)(...all);
    }
    for (const name of ['location', 'content-length', 'content-type']) response.removeHeader(name);
    sendPage(visit, 200, onwardPage('Back to the application', to));
    return response;
  }) as typeof response.end;
  try {
    await finish();
  } finally {
    restore();
  }
}

async function guarded(act: () => Promise<void> | void): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof InteractionGone)
      throw new Shown(
        410,
        'This request is over',
        'It was answered already, took too long, or began in another browser. Start again in the application.',
      );
    if (error instanceof InteractionRefused) throw new Shown(403, 'This cannot be allowed', error.message);
    throw error;
  }
}

function toSignIn(visit: Visit, again: boolean): void {
  const query = new URLSearchParams({ return: visit.path, ...(again ? { again: '1' } : {}) });
  redirect(visit, `/sign-in?${query.toString()}`);
}

function need(parts: AccountParts): Interactions {
  if (parts.interactions === null) throw new Shown(404, 'Not here', 'This gateway lets no applications ask people.');
  return parts.interactions;
}

function someoneElse(): Shown {
  return new Shown(
    409,
    'Somebody else is signed in',
    'The request was made for another person. Sign out, then start again in the application.',
  );
}

function nobodyToActAs(): ReturnType<typeof messagePage> {
  return messagePage(
    'No agent may act for you here',
    'This application is not registered as an agent, or its agent is not active. Ask whoever runs this gateway to register it; then start again in the application.',
    { href: '/account', words: 'To your account' },
  );
}
