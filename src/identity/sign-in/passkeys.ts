import {
  type AuthenticationResponseJSON,
  type AuthenticatorTransport,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import { type Credentials, MAX_PASSKEYS, type Passkey } from './credentials.ts';
import { keptAs } from './secret-text.ts';
import { row } from './sessions.ts';

const CHALLENGE = 'PasskeyChallenge';
const CHALLENGE_MS = 5 * 60_000;
/** Ed25519, ES256, RS256 (COSE). */
const ALGORITHMS = [-8, -7, -257];

export interface PasskeysOptions {
  readonly credentials: Credentials;
  readonly store: OAuthStore;
  readonly clock: Clock;
  /** Where people open the pages, e.g. `https://gateway.example`. */
  readonly origin: () => string;
}

/** What a challenge was made for: one browser, and for a registration one person. */
export interface Ceremony {
  /** Something only this browser carries. */
  readonly visit: string;
  readonly person: Person | null;
}

/**
 * Passkeys (W3C WebAuthn level 3): discoverable credentials, the person always verified by the authenticator, a challenge used once and
 * only by the browser it was made for, a counter that goes backwards refused as a copied authenticator.
 */
export class Passkeys {
  readonly #options: PasskeysOptions;

  constructor(options: PasskeysOptions) {
    this.#options = options;
  }

  /** WebAuthn knows names, not addresses: on `http://127.0.0.1:7700` there are no passkeys. */
  get possible(): boolean {
    return rpIdOf(this.#options.origin()) !== null;
  }

  async registration(ceremony: Ceremony & { readonly person: Person }): Promise<JsonObject> {
    const { person } = ceremony;
    const known = await this.#options.credentials.passkeys(person.id);
    const options = await generateRegistrationOptions({
      rpName: 'Interlock',
      rpID: this.#rpId(),
      userID: handleOf(person.id),
      userName: person.userName,
      userDisplayName: person.name,
      timeout: CHALLENGE_MS,
      attestationType: 'none',
      excludeCredentials: known.map((each) => ({
        id: each.id,
        transports: each.transports as AuthenticatorTransport[],
      })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      supportedAlgorithmIDs: ALGORITHMS,
    });
    await this.#keep(options.challenge, ceremony);
    return options as unknown as JsonObject;
  }

  /** The new passkey, not stored yet; `null` when anything about the answer is wrong. */
  async registered(
    ceremony: Ceremony & { readonly person: Person },
    answer: JsonObject,
  ): Promise<Omit<Passkey, 'name'> | null> {
    const { credentials, clock, origin } = this.#options;
    if ((await credentials.passkeys(ceremony.person.id)).length >= MAX_PASSKEYS) return null;
    const challenge = await this.#spend(answer, ceremony);
    if (challenge === null) return null;
    const checked = await verifyRegistrationResponse({
      response: answer as unknown as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin(),
      expectedRPID: this.#rpId(),
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }).catch(() => null);
    if (checked?.verified !== true || !checked.registrationInfo.userVerified) return null;
    const { credential, credentialBackedUp } = checked.registrationInfo;
    return {
      id: credential.id,
      person: ceremony.person.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: (credential.transports ?? []).filter((each) => /^[a-z-]{1,20}$/.test(each)).slice(0, 8),
      synced: credentialBackedUp,
      createdAtMs: clock.nowMs(),
      lastUsedMs: null,
    };
  }

  /** Names nobody: whoever holds a passkey for this gateway may answer. */
  async authentication(visit: string): Promise<JsonObject> {
    const options = await generateAuthenticationOptions({
      rpID: this.#rpId(),
      timeout: CHALLENGE_MS,
      userVerification: 'required',
    });
    await this.#keep(options.challenge, { visit, person: null });
    return options as unknown as JsonObject;
  }

  /** Whose passkey it is; `null` when anything is wrong, whatever it is. */
  async authenticated(visit: string, answer: JsonObject): Promise<string | null> {
    const { credentials, clock, origin } = this.#options;
    const challenge = await this.#spend(answer, { visit, person: null });
    if (challenge === null) return null;
    const passkey = typeof answer.id === 'string' ? await credentials.passkey(answer.id) : null;
    if (passkey === null) return null;
    const handle = (answer.response as JsonObject | undefined)?.userHandle;
    if (
      handle !== undefined &&
      handle !== null &&
      handle !== Buffer.from(handleOf(passkey.person)).toString('base64url')
    )
      return null;
    const checked = await verifyAuthenticationResponse({
      response: answer as unknown as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin(),
      expectedRPID: this.#rpId(),
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
    }).catch(() => null);
    if (checked?.verified !== true || !checked.authenticationInfo.userVerified) return null;
    const { newCounter, credentialBackedUp } = checked.authenticationInfo;
    const change = { counter: newCounter, synced: credentialBackedUp, lastUsedMs: clock.nowMs() };
    // Lost to another use of the same counter: one of the two is not the authenticator.
    return (await credentials.updatePasskey(passkey, change)) ? passkey.person : null;
  }

  #rpId(): string {
    return rpIdOf(this.#options.origin()) ?? 'localhost';
  }

  async #keep(challenge: string, ceremony: Ceremony): Promise<void> {
    const { store, clock } = this.#options;
    const expiresAtMs = clock.nowMs() + CHALLENGE_MS;
    await store.put(
      row(CHALLENGE, challengeId(challenge, ceremony), {
        payload: {},
        account: ceremony.person?.id ?? null,
        expiresAtMs,
      }),
    );
  }

  /** The challenge the answer is for, now used up; `null`: not one of ours, not for this browser and person, or used before. */
  async #spend(answer: JsonObject, ceremony: Ceremony): Promise<string | null> {
    const { store, clock } = this.#options;
    const challenge = challengeIn(answer);
    if (challenge === null) return null;
    return (await store.consume(CHALLENGE, challengeId(challenge, ceremony), clock.nowMs())) ? challenge : null;
  }
}

/** `null`: an address, for which WebAuthn has no scope. */
function rpIdOf(origin: string): string | null {
  const { hostname } = new URL(origin);
  return /^\d+\.\d+\.\d+\.\d+$/.test(hostname) || hostname.startsWith('[') ? null : hostname;
}

/** Opaque, and the same for every passkey of one person: an authenticator keeps one of each. */
function handleOf(person: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(keptAs('passkey user', person), 'base64url'));
}

function challengeId(challenge: string, { visit, person }: Ceremony): string {
  return keptAs(CHALLENGE, JSON.stringify([challenge, visit, person?.id ?? null]));
}

function challengeIn(answer: JsonObject): string | null {
  const data = (answer.response as JsonObject | undefined)?.clientDataJSON;
  if (typeof data !== 'string' || data.length > 4096) return null;
  try {
    const { challenge } = JSON.parse(Buffer.from(data, 'base64url').toString('utf8')) as { challenge?: unknown };
    return typeof challenge === 'string' ? challenge : null;
  } catch {
    return null;
  }
}
