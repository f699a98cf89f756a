import type { SigningKeys } from '../../identity/proof/keys.ts';
import type { Agent } from '../../model/agent.ts';
import type { Assurance } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import type { OAuthStore } from '../../ports/identity-stores.ts';
import type { ApprovalRow } from '../../ports/stores.ts';

export const BACKCHANNEL_PATH = '/oauth/bc-authorize';

/** What an operator decides about agents asking people beforehand (OpenID Connect CIBA). */
export interface BackchannelSettings {
  /** How long a person has when the agent names no time, and at most. */
  readonly expireMs: number;
  readonly maxExpireMs: number;
  /** Between two looks of an agent that polls. */
  readonly intervalMs: number;
  /** Requests one agent may make of one person in a minute. */
  readonly perMinute: number;
}

/** One tool call an agent wants approved before it makes it. */
export interface AskedAction {
  readonly server: string;
  readonly tool: string;
  /** As the call will carry them. `null`: it will carry none, or people are told their digest alone. */
  readonly arguments: JsonObject | null;
  /** base64url SHA-256 of their RFC 8785 form, in place of the arguments. */
  readonly argumentsDigest: string | null;
}

/** What an agent asks of a person. */
export interface BackchannelQuestion {
  readonly agent: Agent;
  readonly person: Person;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly action: AskedAction | null;
  /** Written by the agent: data, whatever it says. */
  readonly bindingMessage: string | null;
  /** The least every answer must be proven by. `null`: as configured. */
  readonly assurance: Assurance | null;
  readonly ttlMs: number;
}

export type BackchannelAsked =
  | { readonly ok: true; readonly row: ApprovalRow }
  /** Nobody is asked: it is denied already. */
  | { readonly ok: false; readonly why: string };

export interface BackchannelOptions {
  readonly store: OAuthStore;
  readonly keys: SigningKeys;
  readonly settings: () => BackchannelSettings;
  /** Decides by all tiers, records it, and asks whom it takes. Faults: `overloaded`, `too-large`, `journal-unavailable`, `internal`. */
  readonly ask: (question: BackchannelQuestion) => Promise<BackchannelAsked>;
  readonly approval: (id: string) => Promise<ApprovalRow | null>;
  /** Uses up an approval; `by` names the request, where a call would stand. `null`: it is not to be had any more. */
  readonly spend: (id: string, digest: string, by: string) => Promise<ApprovalRow | null>;
  /** Keeps what the agent is to be told when the request is decided. Durable when it resolves. */
  readonly announce: (ping: NewPing) => Promise<void>;
}

/** Who is told, where, and with what secret; whose request it is about. */
export interface NewPing {
  /** Of the stored request. */
  readonly id: string;
  readonly agent: string;
  readonly approval: string;
  readonly authReqId: string;
  readonly notificationToken: string;
  readonly expiresAtMs: number;
}
