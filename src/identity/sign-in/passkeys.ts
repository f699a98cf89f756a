import {
  type AuthenticationResponseJSON,
  type AuthenticatorTransport,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { PasskeyProof } from '../../model/approval.ts';
import { isObject, type JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import { type Credentials, MAX_PASSKEYS, type Passkey } from './credentials.ts';
import { keptAs } from './secret-text.ts';
import { row } from './sessions.ts';

const CHALLENGE = 'PasskeyChallenge';
/** A challenge that says something: what a person is about to sign. */
const SIGNING = 'PasskeySigning';
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

/** What an answer must have signed, said anew when the answer comes: never taken from the browser. */
export interface Expected {
  readonly challenge: Uint8Array;
}

/** An answer whole, so that anybody can check it later, with the passkey it is of. */
export type Signed = Pick<
  PasskeyProof,
  'credentialId' | 'publicKey' | 'rpId' | 'origin' | 'authenticatorData' | 'clientDataJSON' | 'signature'
>;

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
    const { credentials } = this.#options;
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
    return (await this.#answers(passkey, answer, challenge)) ? passkey.person : null;
  }

  /**
   * Asks this person's own passkeys to sign exactly `what.challenge`. `kept` is what the gateway must remember to say the challenge
   * anew. `null`: this person has no passkey.
   */
  async signing(
    ceremony: Ceremony & { readonly person: Person },
    what: Expected & { readonly kept: JsonObject },
  ): Promise<JsonObject | null> {
    const { credentials, store, clock } = this.#options;
    const known = await credentials.passkeys(ceremony.person.id);
    if (known.length === 0) return null;
    const options = await generateAuthenticationOptions({
      rpID: this.#rpId(),
      challenge: new Uint8Array(what.challenge),
      timeout: CHALLENGE_MS,
      userVerification: 'required',
      allowCredentials: known.map(({ id, transports }) => ({
        id,
        transports: transports as AuthenticatorTransport[],
      })),
    });
    const expiresAtMs = clock.nowMs() + CHALLENGE_MS;
    const begun = row(SIGNING, challengeId(options.challenge, ceremony), {
      ...{ payload: what.kept, account: ceremony.person.id, expiresAtMs },
    });
    return (await store.insert(begun)) ? (options as unknown as JsonObject) : null;
  }

  /**
   * What a passkey of this person signed. The ceremony is used up first, whatever comes of it; `again` says the challenge anew from
   * what was kept and from the gateway's own record as it is now (`null`: there is nothing to sign any more). `null` when anything is
   * wrong: not begun here, by this person, in this browser, or used before; another's passkey, or one removed since; another
   * challenge, origin or site; nobody verified; a counter that went backwards.
   */
  async signed<E extends Expected>(
    ceremony: Ceremony & { readonly person: Person },
    answer: JsonObject,
    again: (kept: JsonObject) => Promise<E | null>,
  ): Promise<{ readonly expected: E; readonly proof: Signed } | null> {
    const { credentials, store, clock } = this.#options;
    const given = challengeIn(answer);
    if (given === null) return null;
    const id = challengeId(given, ceremony);
    const begun = await store.find(SIGNING, id);
    if (begun === null || !(await store.consume(SIGNING, id, clock.nowMs()))) return null;
    const expected = await again(begun.payload);
    const passkey = typeof answer.id === 'string' ? await credentials.passkey(answer.id) : null;
    if (expected === null || passkey === null || passkey.person !== ceremony.person.id) return null;
    const challenge = Buffer.from(expected.challenge).toString('base64url');
    if (!(await this.#answers(passkey, answer, challenge))) return null;
    return { expected, proof: { ...signedParts(answer), ...this.#site(), ...keyOf(passkey) } };
  }

  /** Whether this passkey answered that challenge now, for this site, with its owner verified. Its counter has grown. */
  async #answers(passkey: Passkey, answer: JsonObject, challenge: string): Promise<boolean> {
    const { credentials, clock } = this.#options;
    const { origin, rpId } = this.#site();
    const checked = await verifyAuthenticationResponse({
      response: answer as unknown as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
    }).catch(() => null);
    if (checked?.verified !== true || !checked.authenticationInfo.userVerified) return false;
    // No page of ours lies in the page of another site.
    if (clientData(answer)?.crossOrigin === true) return false;
    const { newCounter, credentialBackedUp } = checked.authenticationInfo;
    const change = { counter: newCounter, synced: credentialBackedUp, lastUsedMs: clock.nowMs() };
    // Lost to another use of the same counter: one of the two is not the authenticator.
    return credentials.updatePasskey(passkey, change);
  }

  #site(): Pick<PasskeyProof, 'origin' | 'rpId'> {
    return { origin: this.#options.origin(), rpId: this.#rpId() };
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
  const challenge = clientData(answer)?.challenge;
  return typeof challenge === 'string' ? challenge : null;
}

/** What the browser says it asked the authenticator for. */
function clientData(answer: JsonObject): JsonObject | null {
  const data = (answer.response as JsonObject | undefined)?.clientDataJSON;
  if (typeof data !== 'string' || data.length > 4096) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(data, 'base64url').toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Texts: the answer was verified with them. */
function signedParts(answer: JsonObject): Pick<PasskeyProof, 'authenticatorData' | 'clientDataJSON' | 'signature'> {
  const { authenticatorData, clientDataJSON, signature } = answer.response as Readonly<Record<string, string>>;
  return { authenticatorData, clientDataJSON, signature } as Pick<
    PasskeyProof,
    'authenticatorData' | 'clientDataJSON' | 'signature'
  >;
}

function keyOf({ id, publicKey }: Passkey): Pick<PasskeyProof, 'credentialId' | 'publicKey'> {
  return { credentialId: id, publicKey };
}
