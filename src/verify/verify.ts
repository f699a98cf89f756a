import type { JSONWebKeySet } from 'jose';
import { ACTION_LIMITS, type ActionClaims, argumentsDigest, readActionClaims } from '../model/action-credential.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { type Clock, systemClock } from './clock.ts';
import { Once } from './once.ts';
import { verifyProof } from './proof.ts';
import { REASONS, type Reason, Refused } from './reasons.ts';
import { redeem } from './redeem.ts';
import { verifySignature } from './signature.ts';

export { type Carried, fromHeaders, fromMcpMeta } from './carried.ts';
export { REASONS, type Reason } from './reasons.ts';

export interface VerifyOptions {
  /** What came with the call: `fromMcpMeta(params)` or `fromHeaders(headers)` has both. */
  readonly token: string | null | undefined;
  readonly proof?: string | null | undefined;
  /** URL of the gateway, as its clients call it. */
  readonly issuer: string;
  /** What this server is called in the gateway's configuration: `actionCredential.audience`, or its `url`. */
  readonly audience: string;
  /** Name of the tool that was called. */
  readonly tool: string;
  /** The arguments as they arrived, before defaults are filled in. */
  readonly arguments: unknown;
  /** Default `tools/call`. */
  readonly method?: string;
  /** Id of the server in the gateway's configuration. Left out: the audience says enough. */
  readonly server?: string;
  /** The gateway's keys, where they are not fetched. */
  readonly jwks?: JSONWebKeySet;
  /** Default: `<issuer>/oauth/jwks`. */
  readonly jwksUri?: string;
  /**
   * Ask the gateway before beginning: once over all processes of this tool, and not after a kill. Left out: once in this process.
   * `url`: `<issuer>/credentials/redeem`.
   */
  readonly redeem?: { readonly url: string };
  /** What was asked, as the gateway addressed it; the proof is then compared with it. */
  readonly request?: { readonly method: string; readonly url: string };
  readonly clock?: Clock;
  /** For the redemption; default: the one of the runtime. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface Actor {
  readonly id: string;
  readonly kind: 'agent' | 'person' | 'service';
}

export type Verified =
  | {
      readonly ok: true;
      /** Who acts. */
      readonly agent: string;
      /** The human at the root. `null`: no human is. */
      readonly subject: string | null;
      /** From the agent that acts to the first after the root; where no human is at the root, the agent at the root comes last. */
      readonly chain: readonly Actor[];
      /** Id of the request people answered, and who did. `null`, empty: policy alone permitted it. */
      readonly approval: string | null;
      readonly approvedBy: readonly string[];
      readonly jti: string;
      readonly txn: string | null;
      /** Where the intent stands in the gateway's journal. */
      readonly intent: { readonly journal: string; readonly seq: number };
    }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

const used = new Once();

/**
 * Whether this very call was decided, recorded and let through by the gateway, and has not begun before. Ask right before acting: the
 * good answer is given once. Never rejects for what a caller sent; throws a TypeError for options that cannot be used.
 */
export async function verifyAction(options: VerifyOptions): Promise<Verified> {
  const issuer = options.issuer.replace(/\/$/, '');
  try {
    return await verify({ ...options, issuer });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ok: false, reason: error.reason, message: REASONS[error.reason] };
  }
}

async function verify(options: VerifyOptions): Promise<Verified> {
  const { token, proof = null, issuer, request } = options;
  if (typeof token !== 'string' || token === '') throw new Refused('missing');
  const payload = await verifySignature(token, {
    jwks: options.jwks,
    jwksUri: options.jwksUri ?? `${issuer}/oauth/jwks`,
  });
  const claims = readActionClaims(payload);
  if (claims === null) throw new Refused('claims');
  const who = whoOf(payload);
  await verifyProof({ token, proof, claims, request });
  const nowMs = (options.clock ?? systemClock).nowMs();
  compare(claims, options, nowMs);
  // After everything else, so that nothing but the real call spends it.
  take(claims, nowMs);
  if (options.redeem !== undefined)
    await redeem({ url: options.redeem.url, token, proof, http: options.fetch ?? globalThis.fetch });
  const { approval, approvedBy, intent } = claims.details;
  return { ok: true, ...who, approval, approvedBy, jti: claims.jti, txn: claims.txn, intent };
}

function compare(claims: ActionClaims, wanted: VerifyOptions, nowMs: number): void {
  const { details } = claims;
  if (claims.issuer !== wanted.issuer) throw new Refused('issuer');
  if (claims.audience !== wanted.audience) throw new Refused('audience');
  if (claims.expiresAtMs <= nowMs) throw new Refused('expired');
  if (claims.issuedAtMs > nowMs + ACTION_LIMITS.skewMs) throw new Refused('not-yet');
  if (wanted.server !== undefined && details.server !== wanted.server) throw new Refused('server');
  if (details.method !== (wanted.method ?? 'tools/call')) throw new Refused('method');
  if (details.tool !== wanted.tool) throw new Refused('tool');
  if (digestOf(wanted.arguments ?? {}) !== details.argumentsDigest) throw new Refused('arguments');
}

/** `null`: nothing that could have arrived as JSON, or nested too deep to be read. */
function digestOf(args: unknown): string | null {
  try {
    return isObject(args) ? argumentsDigest(args) : null;
  } catch {
    return null;
  }
}

function take({ issuer, jti, expiresAtMs }: ActionClaims, nowMs: number): void {
  const taken = used.take(`${issuer}\n${jti}`, { nowMs, expiresAtMs });
  if (taken === 'used') throw new Refused('used');
  if (taken === 'full') throw new Refused('busy');
}

const KINDS: ReadonlyMap<unknown, Actor['kind']> = new Map<unknown, Actor['kind']>([
  ['user', 'person'],
  ['ai_agent', 'agent'],
  ['service', 'service'],
]);
const MAX_CHAIN = 8;

/** `sub` is the root; `act` nests from who acts now to the first after the root (RFC 8693 section 4.1). */
function whoOf(payload: JsonObject): { agent: string; subject: string | null; chain: readonly Actor[] } {
  const root = actorOf(payload);
  const acting: Actor[] = [];
  for (let act: Json | undefined = payload.act; act !== undefined; ) {
    if (acting.length === MAX_CHAIN || !isObject(act)) throw new Refused('claims');
    acting.push(actorOf(act));
    act = act.act;
  }
  const agent = acting[0] ?? root;
  if (agent.kind !== 'agent') throw new Refused('claims');
  if (root.kind === 'person') return { agent: agent.id, subject: root.id, chain: acting };
  return { agent: agent.id, subject: null, chain: acting.length === 0 ? [] : [...acting, root] };
}

function actorOf({ sub, sub_profile: profile }: JsonObject): Actor {
  const kind = KINDS.get(profile);
  if (typeof sub !== 'string' || sub === '' || kind === undefined) throw new Refused('claims');
  return { id: sub, kind };
}
