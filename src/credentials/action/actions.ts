import { createPrivateKey, type JsonWebKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  ACTION_ALGORITHM,
  ACTION_HEADER,
  ACTION_META,
  ACTION_PROOF_HEADER,
  ACTION_PROOF_META,
  ACTION_TYP,
  type ActionDetails,
  detailsJson,
  PIPE_METHOD,
  serverName,
} from '../../model/action-credential.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReplayStore } from '../../ports/stores.ts';
import { openPresenter, type Presenter, type Target } from './presenter.ts';
import { signNow } from './sign.ts';

/** What a server is configured to be given with every call of a tool. */
export interface ActionSettings {
  readonly audience: string;
  readonly ttlMs: number;
  /** It comes with a proof of the key it is bound to. */
  readonly proof: boolean;
}

export interface ActionRequest {
  /** Who acts, for whom, through whom: claims as access tokens have them, with this server's audience and key. */
  readonly identity: JsonObject;
  /** Id of the token the agent came with. `null`: it came with none. */
  readonly credential: string | null;
  readonly details: Omit<ActionDetails, 'server'>;
}

/** One credential, ready to be sent. Never logged, never recorded: only its `jti` is. */
export interface MintedAction {
  readonly jti: string;
  readonly expiresAtMs: number;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  /** Members of `params._meta`. */
  readonly meta: Readonly<Record<string, string>>;
}

/** Makes the credentials of one server. */
export interface ServerActions {
  readonly server: string;
  readonly audience: string;
  /** The key each is bound to. `null`: to none. */
  readonly jkt: string | null;
  /** What its proofs are for. */
  readonly target: Target;
  /** Never waits. */
  mint(request: ActionRequest): MintedAction;
  /** The call ended without an answer: whoever redeems it from now on is told to stop. */
  end(jti: string, expiresAtMs: number): Promise<void>;
}

export interface ActionParts {
  readonly keys: SigningKey;
  readonly issuer: () => string;
  readonly replay: Pick<ReplayStore, 'claim'>;
  readonly clock: Clock;
}

/** The gateway's key that signs now; both halves are of the same key when `kid` is the same before and after. */
export interface SigningKey {
  current(): { readonly kid: string };
  currentPrivateJwk(): object;
}

export interface Actions {
  /** `url`: where the server is reached; `null` for a child process. */
  of(server: string, settings: ActionSettings, url: string | null): ServerActions;
}

/** Ids to claim, insert-if-absent, by which redemptions and the end of a call find out who was first. */
export const actionIds = {
  redeemed: (jti: string) => `action:${jti}`,
  ended: (jti: string) => `action-ended:${jti}`,
  replayed: (jti: string) => `action-replayed:${jti}`,
} as const;

export function openActions(parts: ActionParts): Actions {
  const presenter = openPresenter();
  const signing = currentKey(parts.keys);
  return {
    of: (server, settings, url) => {
      const { audience, proof } = settings;
      const target = targetOf(server, url);
      return {
        server,
        audience,
        target,
        jkt: proof ? presenter.jkt : null,
        mint: (request) => mint({ ...parts, signing, presenter, target, settings, server }, request),
        async end(jti, expiresAtMs) {
          await parts.replay.claim(actionIds.ended(jti), expiresAtMs);
        },
      };
    },
  };
}

/** What a proof for this server says it is for. */
function targetOf(server: string, url: string | null): Target {
  return url === null ? { method: PIPE_METHOD, url: serverName(server) } : { method: 'POST', url: withoutQuery(url) };
}

/** RFC 9449 section 4.2: `htu` has neither. */
function withoutQuery(text: string): string {
  const url = new URL(text);
  url.search = '';
  url.hash = '';
  return url.href;
}

interface Minting extends ActionParts {
  readonly signing: () => { readonly kid: string; readonly key: KeyObject };
  readonly presenter: Presenter;
  readonly target: Target;
  readonly settings: ActionSettings;
  readonly server: string;
}

function mint(minting: Minting, { identity, credential, details }: ActionRequest): MintedAction {
  const { clock, settings, presenter, target, server } = minting;
  const nowMs = clock.nowMs();
  const issuedAt = Math.floor(nowMs / 1000);
  const expiresAt = issuedAt + Math.max(1, Math.floor(settings.ttlMs / 1000));
  const jti = randomBytes(24).toString('base64url');
  const claims = {
    ...{ iss: minting.issuer(), iat: issuedAt, exp: expiresAt, jti, ...identity },
    ...(credential === null ? {} : { token_jti: credential }),
    authorization_details: [detailsJson({ ...details, server })],
  };
  const { kid, key } = minting.signing();
  // `typ` first: that is how one is known wherever it turns up (model/action-credential.ts).
  const token = signNow({ typ: ACTION_TYP, alg: ACTION_ALGORITHM, kid }, claims, key);
  const headers = [ACTION_HEADER, token];
  const meta: Record<string, string> = { [ACTION_META]: token };
  if (settings.proof) {
    const proof = presenter.prove(token, target, nowMs);
    headers.push(ACTION_PROOF_HEADER, proof);
    meta[ACTION_PROOF_META] = proof;
  }
  return { jti, expiresAtMs: expiresAt * 1000, headers, meta };
}

/** Imported once a key. */
function currentKey(keys: SigningKey): Minting['signing'] {
  let held: { readonly kid: string; readonly key: KeyObject } | null = null;
  return () => {
    const { kid } = keys.current();
    if (held?.kid === kid) return held;
    const key = createPrivateKey({ key: keys.currentPrivateJwk() as JsonWebKey, format: 'jwk' });
    // The ring may have moved on between the two: then the next call finds the new one.
    if (keys.current().kid !== kid) return currentKey(keys)();
    held = { kid, key };
    return held;
  };
}
