import { digestJson } from './canonical.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/**
 * The credential of one action (requirement CR3): a JWT signed by the gateway for a server that asks for one, good for exactly one call
 * of one tool with exactly these arguments. Its words, shared by who makes it, who carries it and who checks it.
 */
export const ACTION_TYP = 'interlock-action+jwt';
/** RFC 9396 `type` of its one entry of `authorization_details`. */
export const ACTION_DETAIL = 'agent_action';
/** ECDSA on P-256 with SHA-256, of the keys at /oauth/jwks. */
export const ACTION_ALGORITHM = 'ES256';

/** HTTP request headers, lower-case. */
export const ACTION_HEADER = 'interlock-action';
export const ACTION_PROOF_HEADER = 'interlock-action-proof';
/** Members of `params._meta`: tools of an MCP library see those, and over stdio there is nothing else. */
export const ACTION_META = 'interlock/action';
export const ACTION_PROOF_META = 'interlock/action-proof';

/** `htm` of a proof for a child process, whose pipe has no method; its `htu` is the server's name. */
export const PIPE_METHOD = 'STDIO';

export function serverName(id: string): string {
  return `urn:interlock:server:${id}`;
}

export const ACTION_LIMITS = {
  /** The longest it may live, and what verifiers accept at most. */
  ttlMs: 120_000,
  defaultTtlMs: 60_000,
  /** How far the clock of whoever made it may be ahead. */
  skewMs: 30_000,
  /** Characters of the JWT, and of the proof. */
  length: 8192,
  proofLength: 4096,
} as const;

/** The one entry of `authorization_details`. */
export interface ActionDetails {
  /** Id of the server in the gateway's configuration. */
  readonly server: string;
  readonly method: string;
  readonly tool: string;
  /** base64url SHA-256 of the RFC 8785 form of the arguments; of `{}` where there are none. */
  readonly argumentsDigest: string;
  /** Digest of everything that is sent, as the journal has it. */
  readonly actionDigest: string;
  /** Id of the request people answered. `null`: policy alone permitted it. */
  readonly approval: string | null;
  /** Ids of the people who did. */
  readonly approvedBy: readonly string[];
  /** Where the intent stands: which journal, which record. */
  readonly intent: { readonly journal: string; readonly seq: number };
}

/** What a credential says, in shape; who may rely on it is for the caller to compare. */
export interface ActionClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  readonly jti: string;
  readonly txn: string | null;
  /** RFC 7638 thumbprint of the key whose proof must come with it. `null`: none. */
  readonly jkt: string | null;
  readonly details: ActionDetails;
}

export function argumentsDigest(args: JsonObject): string {
  return digestJson(args);
}

export function detailsJson(details: ActionDetails): JsonObject {
  return {
    type: ACTION_DETAIL,
    server: details.server,
    method: details.method,
    tool: details.tool,
    arguments_digest: details.argumentsDigest,
    action_digest: details.actionDigest,
    approval: details.approval,
    approved_by: [...details.approvedBy],
    intent: { ...details.intent },
    max_uses: 1,
  };
}

/** Reads the payload of a verified JWT. `null`: not the shape, or alive for longer than any may be. */
export function readActionClaims(payload: JsonObject): ActionClaims | null {
  const { iss, aud, sub, iat, exp, jti, txn, cnf } = payload;
  const details = readDetails(payload.authorization_details);
  const jkt = readConfirmation(cnf);
  if (details === null || jkt === undefined) return null;
  if (!isText(iss) || !isText(aud) || !isText(sub) || !isText(jti) || jti.length < MIN_JTI) return null;
  if (txn !== undefined && !isText(txn)) return null;
  if (!isTime(iat) || !isTime(exp) || exp <= iat || (exp - iat) * 1000 > ACTION_LIMITS.ttlMs) return null;
  const times = { issuedAtMs: iat * 1000, expiresAtMs: exp * 1000 };
  return { issuer: iss, audience: aud, subject: sub, ...times, jti, txn: txn ?? null, jkt, details };
}

/** 128 bits in base64url. */
const MIN_JTI = 22;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

function readDetails(value: Json | undefined): ActionDetails | null {
  // A second entry would be a second permission nobody looked at.
  const [entry, ...more] = Array.isArray(value) ? (value as readonly Json[]) : [];
  if (!isObject(entry) || more.length > 0 || entry.type !== ACTION_DETAIL || entry.max_uses !== 1) return null;
  const { server, method, tool, approval, intent } = entry;
  const { arguments_digest: args, action_digest: action, approved_by: by } = entry;
  if (!isText(server) || !isText(method) || !isText(tool) || !isDigest(args) || !isDigest(action)) return null;
  if ((approval !== null && !isText(approval)) || !Array.isArray(by) || !by.every(isText)) return null;
  if (!isObject(intent) || !isText(intent.journal) || !Number.isSafeInteger(intent.seq)) return null;
  return {
    ...{ server, method, tool, approval },
    argumentsDigest: args,
    actionDigest: action,
    approvedBy: by as readonly string[],
    intent: { journal: intent.journal, seq: intent.seq as number },
  };
}

/** `undefined`: there is one that is not understood, which must not be taken for none. */
function readConfirmation(cnf: Json | undefined): string | null | undefined {
  if (cnf === undefined) return null;
  return isObject(cnf) && Object.keys(cnf).join() === 'jkt' && isDigest(cnf.jkt) ? cnf.jkt : undefined;
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 2048;
}

function isDigest(value: Json | undefined): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

function isTime(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 && value < 1e11;
}

/** How every one begins: `typ` is the first member of its header, so that it can be known anywhere in a text. */
const BEGINNING = Buffer.from(`{"typ":"${ACTION_TYP}",`).toString('base64url');
const ONE = new RegExp(`${BEGINNING}[\\w-]*\\.[\\w-]+\\.[\\w-]+`, 'g');
const BLOT = '[credential withheld]';

/** The text without any credential of this kind: a server that says one back says it to nobody. */
export function withholdActions(text: string): string {
  return text.includes(BEGINNING) ? text.replace(ONE, BLOT) : text;
}

/** Nobody but the gateway puts one into a request. Other spellings go too: some programs do not care for case. */
export function withoutActionMeta(params: JsonObject): JsonObject {
  const { _meta: meta } = params;
  if (!isObject(meta)) return params;
  const kept = Object.entries(meta).filter(([name]) => !name.toLowerCase().startsWith(ACTION_META));
  return kept.length === Object.keys(meta).length ? params : { ...params, _meta: Object.fromEntries(kept) };
}
