import { actionIds } from '../../credentials/action/actions.ts';
import type { Directory } from '../../identity/directory.ts';
import { verifyDpop } from '../../identity/proof/dpop.ts';
import { CredentialRefused, isSignedBy, readJws } from '../../identity/proof/jws.ts';
import type { SigningKeys } from '../../identity/proof/keys.ts';
import { whoOf } from '../../identity/tokens.ts';
import {
  ACTION_ALGORITHM,
  ACTION_LIMITS,
  ACTION_TYP,
  type ActionClaims,
  readActionClaims,
} from '../../model/action-credential.ts';
import type { Credential } from '../../model/caller.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import type { Gateway, ServerEntry } from '../gateway.ts';
import { stoppedHere } from './lease.ts';

export interface Redemption {
  readonly token: string;
  /** `null`: none came with it. */
  readonly proof: string | null;
}

/**
 * `invalid`: not one of ours, or not presented as it must be. `stopped`: whoever acts may act no more, the action was killed, its
 * approval taken back, or nobody waits for its answer any more.
 */
export type Redeemed =
  | { readonly redeemed: true }
  | { readonly redeemed: false; readonly why: 'invalid' | 'expired' | 'stopped' | 'used' };

export interface RedeemParts {
  readonly gateway: Gateway;
  readonly keys: Pick<SigningKeys, 'find'>;
  readonly issuer: () => string;
  readonly replay: ReplayStore;
  readonly directory: Directory;
  readonly isRevoked: (credential: Credential, nowMs: number) => boolean;
  /** Whether what people answered (a request, or a standing approval of that agent) still stands. */
  readonly stands: (approval: string, agent: string) => Promise<boolean>;
}

/**
 * The one use of an action's credential, over every process on the store: what a tool asks before it begins, so that a kill after the
 * sending still stops what has not begun. Each first use is recorded before it is confirmed. Rejects when the store or the journal fails:
 * then the tool must not begin.
 */
export function redeemer(parts: RedeemParts): (redemption: Redemption) => Promise<Redeemed> {
  return async (redemption) => {
    const shown = await read(parts, redemption);
    if (shown === null) return refused('invalid');
    const { claims } = shown;
    if (claims.expiresAtMs <= parts.gateway.clock.nowMs()) return refused('expired');
    const first = await parts.replay.claim(actionIds.redeemed(claims.jti), claims.expiresAtMs);
    if (!first) return again(parts, shown);
    // Whoever comes first: the tool that begins, or the call that ended without an answer.
    const begins = await parts.replay.claim(actionIds.ended(claims.jti), claims.expiresAtMs);
    if (!begins || (await isStopped(parts, shown))) return settle(parts, shown, 'stopped');
    const answer = await settle(parts, shown, 'redeemed');
    // The wait for the record was a race with the kill switch.
    return (await isStopped(parts, shown)) ? settle(parts, shown, 'stopped') : answer;
  };
}

interface Shown {
  readonly claims: ActionClaims;
  readonly payload: JsonObject;
  readonly who: ReturnType<typeof whoOf>;
  readonly server: ServerEntry;
  readonly signedBy: string;
}

/** `null`: nothing this gateway made, or not by whom it was made for. */
async function read(parts: RedeemParts, { token, proof }: Redemption): Promise<Shown | null> {
  try {
    const jws = readJws(token, ACTION_LIMITS.length);
    const key = jws.typ === ACTION_TYP && jws.alg === ACTION_ALGORITHM ? parts.keys.find(jws.kid ?? '') : undefined;
    if (key === undefined || !(await isSignedBy(jws, key))) return null;
    const { payload } = jws;
    const claims = readActionClaims(payload);
    if (claims === null || claims.issuer !== parts.issuer()) return null;
    const server = parts.gateway.snapshot().servers.get(claims.details.server);
    if (server === undefined || server.actions?.audience !== claims.audience) return null;
    if (!(await isProven(claims, server, { token, proof }))) return null;
    return { claims, payload, who: whoOf(payload), server, signedBy: key.kid };
  } catch (error) {
    if (error instanceof CredentialRefused) return null;
    throw error;
  }
}

/** The single use of the credential is that of its proof, too; and both are of one age. */
const ONCE_WITH_ITS_CREDENTIAL: ReplayStore = { claim: async () => true, prune: async () => 0 };

async function isProven(claims: ActionClaims, { actions }: ServerEntry, shown: Redemption): Promise<boolean> {
  if (claims.jkt === null) return true;
  if (shown.proof === null || actions === null) return false;
  const request = { proof: shown.proof, accessToken: shown.token, nowMs: claims.issuedAtMs, ...actions.target };
  return (await verifyDpop(ONCE_WITH_ITS_CREDENTIAL, request)) === claims.jkt;
}

/** As the path asks on every call, as far as the credential says who and what; exactly so for a call this process waits for. */
async function isStopped(parts: RedeemParts, shown: Shown): Promise<boolean> {
  const { gateway } = parts;
  const { details, jti, expiresAtMs } = shown.claims;
  if (expiresAtMs <= gateway.clock.nowMs() || isLapsed(parts, shown) || isLocked(parts, shown)) return true;
  if ((stoppedHere(gateway, jti) ?? null) !== null) return true;
  return details.approval !== null && !(await parts.stands(details.approval, shown.who.agentId));
}

function isLapsed({ gateway, directory, isRevoked }: RedeemParts, { claims, payload, who, signedBy }: Shown): boolean {
  const nowMs = gateway.clock.nowMs();
  const agents = [who.agentId, ...who.chain.filter(({ kind }) => kind === 'agent').map(({ id }) => id)];
  if (agents.some((id) => directory.whyNotAlive(id, nowMs) !== null)) return true;
  if (who.subject !== null && directory.whyNoSubject(who.subject) !== null) return true;
  if (payload.task_bound === true && tasksOf(payload).some((id) => directory.task(id)?.state !== 'open')) return true;
  const { jti, txn, issuedAtMs } = claims;
  const { token_jti: credential, grant, task } = payload;
  const credentialOf = {
    ...{ ...who, txn, issuedAtMs, signedBy },
    jti: typeof credential === 'string' ? credential : jti,
    grant: typeof grant === 'string' ? grant : null,
    taskId: typeof task === 'string' ? task : null,
  };
  return isRevoked(credentialOf, nowMs);
}

function isLocked({ gateway, directory }: RedeemParts, { claims, payload, who }: Shown): boolean {
  const ownerOf = (id: string): string => directory.agent(id)?.owner ?? '';
  const through = who.chain
    .filter(({ id, kind }) => kind === 'agent' && id !== who.agentId)
    .map(({ id }) => ({ agent: id, owner: ownerOf(id) }));
  const { server, tool } = claims.details;
  const entry = gateway.revocation.enter({
    ...{ agent: who.agentId, owner: ownerOf(who.agentId), user: who.subject, through },
    // Which session it was is known where the call is waited for.
    ...{ session: null, tasks: tasksOf(payload), server, tool: `${server}/${tool}` },
  });
  if (entry.ok) entry.leave();
  return !entry.ok;
}

function tasksOf({ task }: JsonObject): readonly string[] {
  return typeof task === 'string' ? [task] : [];
}

/** A replay is a sign of theft: the first is recorded, more of the same are only refused. */
async function again(parts: RedeemParts, shown: Shown): Promise<Redeemed> {
  const { jti, expiresAtMs } = shown.claims;
  if (await parts.replay.claim(actionIds.replayed(jti), expiresAtMs)) await record(parts, shown, 'used');
  return refused('used');
}

async function settle(parts: RedeemParts, shown: Shown, how: 'redeemed' | 'stopped'): Promise<Redeemed> {
  await record(parts, shown, how);
  return how === 'redeemed' ? { redeemed: true } : refused('stopped');
}

async function record(parts: RedeemParts, shown: Shown, how: 'redeemed' | 'stopped' | 'used'): Promise<void> {
  const { claims, who, server } = shown;
  const { tool, intent } = claims.details;
  await parts.gateway.journal.append({
    ...{ type: 'admin', act: 'action.redeem', by: `server:${server.id}`, reason: how },
    detail: { lease: claims.jti, agent: who.agentId, tool, intent: { ...intent } },
  });
}

function refused(why: 'invalid' | 'expired' | 'stopped' | 'used'): Redeemed {
  return { redeemed: false, why };
}
