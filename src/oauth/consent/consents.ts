import type { Agent } from '../../model/agent.ts';
import type { JsonObject } from '../../model/json.ts';
import type { OAuthRow } from '../../ports/identity-stores.ts';
import type { Consent } from '../interactions.ts';
import type { ProviderOptions } from '../provider/options.ts';

const KIND = 'Consent';
const MAX_LISTED = 1_000;

export interface StoredConsent extends Consent {
  readonly personId: string;
}

type Parts = Pick<ProviderOptions, 'store' | 'revoked' | 'clock' | 'tokenMs'>;

/** What a person agreed to, beside the provider's own grant of the same id: which agent it is for, and what to show. */
export async function keepConsent({ store }: Parts, consent: StoredConsent): Promise<void> {
  const { grantId, personId, clientId, untilMs } = consent;
  await store.put({
    kind: KIND,
    id: grantId,
    payload: { ...consent, scopes: [...consent.scopes], resources: [...consent.resources] },
    expiresAtMs: untilMs,
    consumedAtMs: null,
    grantId,
    uid: null,
    userCode: null,
    account: personId,
    client: clientId,
  });
}

export async function findConsent({ store }: Parts, grantId: string): Promise<StoredConsent | null> {
  const row = await store.find(KIND, grantId);
  return row === null ? null : consentOf(row);
}

/** Newest first. */
export async function consentsOf({ store }: Parts, personId: string): Promise<readonly StoredConsent[]> {
  return (await store.list({ kind: KIND, account: personId, limit: MAX_LISTED })).map(consentOf);
}

/**
 * Ends a consent: refresh tokens and codes are gone, access tokens are refused, here and in every process. Access tokens first: a
 * failure in between leaves nothing alive that was to die.
 */
export async function endGrant({ store, revoked, clock, tokenMs }: Parts, grantId: string): Promise<void> {
  const nowMs = clock.nowMs();
  // A request that has read the consent already may still sign a token: everything it can sign is refused, whenever it was issued.
  const untilMs = nowMs + 2 * tokenMs() + 86_400_000;
  await revoked.revoke([{ kind: 'grant', id: grantId, issuedUntilMs: untilMs, expiresAtMs: untilMs }]);
  await store.removeGrant(grantId);
}

/** Sign-ins of a person at the authorization server. */
export async function endSessions({ store }: Parts, personId: string): Promise<void> {
  for (const kind of ['Session', 'Interaction']) {
    for (const row of await store.list({ kind, account: personId, limit: MAX_LISTED }))
      await store.remove(kind, row.id);
  }
}

function consentOf(row: OAuthRow): StoredConsent {
  return row.payload as JsonObject as unknown as StoredConsent;
}

/** The agents a client may act as, alive now, the one proposed first: those the person owns, then by id. */
export function agentsFor(
  { directory, clock }: Pick<ProviderOptions, 'directory' | 'clock'>,
  clientId: string,
  personId: string | null,
): readonly Agent[] {
  const nowMs = clock.nowMs();
  const own = (agent: Agent) => (agent.owner === personId ? 0 : 1);
  return directory
    .agentsOfClient(clientId)
    .filter((agent) => directory.whyNotAlive(agent.id, nowMs) === null)
    .toSorted((a, b) => own(a) - own(b) || (a.id < b.id ? -1 : 1));
}

/** Why a consent is good for nothing now; `null`: it is good. The person, the agent, and that the one may still act as the other. */
export function whyNotGood(options: ProviderOptions, consent: StoredConsent | null): string | null {
  if (consent === null) return 'the consent is gone';
  const { directory, clock, revoked } = options;
  if (revoked.stale) return 'the view of revocations is stale';
  if (revoked.has('grant', consent.grantId, consent.atMs)) return 'the consent was withdrawn';
  const noPerson = directory.whyNoSubject(consent.personId);
  if (noPerson !== null) return noPerson;
  const notAlive = directory.whyNotAlive(consent.agentId, clock.nowMs());
  if (notAlive !== null) return `${notAlive}: ${consent.agentId}`;
  const agents = directory.agentsOfClient(consent.clientId);
  return agents.some(({ id }) => id === consent.agentId) ? null : `the client no longer acts as ${consent.agentId}`;
}
