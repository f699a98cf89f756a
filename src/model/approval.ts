import type { Actor } from './caller.ts';
import type { Json, JsonObject } from './json.ts';
import type { FactMapping } from './policy-input.ts';
import type { DataClass, ToolEffect } from './tool.ts';

/**
 * A question to people about one exact action (requirements HU1 to HU4): who must answer, what they are shown, what they answered. Plain
 * data, kept in the store and read by every gateway on it.
 */

/** How somebody proved that the answer is theirs, weakest first. `operator`: named by whoever can open the admin socket. */
export type Assurance = 'operator' | 'signed-in' | 'passkey';
export const ASSURANCES: readonly Assurance[] = ['operator', 'signed-in', 'passkey'];

export function assuranceAtLeast(given: Assurance, least: Assurance): boolean {
  return ASSURANCES.indexOf(given) >= ASSURANCES.indexOf(least);
}

/** Somebody a policy or a route names. Who that is, is looked up when it matters: when asked, when shown, when answered. */
export type Who =
  /** The owner of that agent, or a deputy of the agent. */
  | { readonly kind: 'owner'; readonly id: string }
  /** The human at the root of the chain. */
  | { readonly kind: 'subject'; readonly id: string }
  | { readonly kind: 'person'; readonly id: string }
  | { readonly kind: 'group'; readonly id: string }
  /** Of the configuration: `approvals.roles`. */
  | { readonly kind: 'role'; readonly id: string }
  /** Whoever is on duty: `approvals.schedules`. */
  | { readonly kind: 'schedule'; readonly id: string };

/** One answer that is needed, from any one of these. */
export interface Slot {
  readonly who: readonly Who[];
  /** Nobody who started the chain, not even where `who` names them. */
  readonly exceptStarters: boolean;
}

/** What one policy asks for. Its slots are answered by different people; those of different parts may be the same. */
export interface Part {
  /** As the policy wrote it: `owner`, `2 group:finance`, `route:purchases`. */
  readonly ask: string;
  readonly slots: readonly Slot[];
}

export interface Escalation {
  /** After the request was made. */
  readonly afterMs: number;
  /** May then answer in any slot, under the same separation of duties. */
  readonly who: readonly Who[];
  /** Only in the slots of these parts, by index: those of the route that escalates. Left out: in any. */
  readonly parts?: readonly number[];
}

/** Every part must be met. Resolved when the question is asked and kept with it, so that a reload does not change it under anybody. */
export interface Requirement {
  readonly parts: readonly Part[];
  readonly escalations: readonly Escalation[];
  readonly assurance: Assurance;
  /**
   * People on whose behalf, or through whose agents, the action comes: they fill no slot that does not name them as owner, subject or
   * person (separation of duties).
   */
  readonly starters: readonly string[];
  /** Messages wait for the end of quiet hours unless this is set. */
  readonly urgent: boolean;
}

/** Where the value of one argument came from, as far as this gateway saw. */
export interface ValueOrigin {
  /** RFC 6901 pointer into the arguments. */
  readonly at: string;
  readonly from: 'tool-result' | 'untrusted-result' | 'earlier-arguments' | 'nowhere-seen' | 'not-looked';
  /** `server/tool` of the newest result that held it. */
  readonly source: string | null;
}

/** One call of the session so far, newest last. */
export interface EarlierCall {
  readonly atMs: number;
  readonly tool: string;
  readonly effect: ToolEffect | null;
  readonly outcome: 'under-way' | 'ok' | 'failed' | 'unknown' | 'refused';
}

/** Literal text of a reviewed template, or the value of one argument in it, which is data and shown as such. */
export type SentencePart =
  | { readonly text: string }
  | { readonly argument: string; readonly value: Json; readonly missing: boolean };

/** Everything a person is shown. Nothing here is written by the agent but `arguments` and what is quoted from them. */
export interface ShownRequest {
  readonly call: string;
  readonly agent: {
    readonly id: string;
    readonly name: string;
    /** Id of the person who answers for it. */
    readonly owner: string;
    /** Absent: nobody knows that person. */
    readonly ownerName?: string;
    readonly riskTier: string;
  };
  readonly subject: { readonly id: string; readonly name: string } | null;
  /** From the agent that acts to the first after the root. */
  readonly chain: readonly Actor[];
  readonly purpose: string;
  readonly task: { readonly id: string; readonly purpose: string | null } | null;
  readonly action: string;
  readonly server: string;
  readonly target: string | null;
  readonly arguments: JsonObject;
  /** Whatever else of the call reaches the server: answers to its questions, members no standard names. Absent: nothing does. */
  readonly also?: JsonObject;
  readonly sentence: readonly SentencePart[];
  /** The sentence comes from a template an operator wrote for this tool; else it only names the tool. */
  readonly reviewed: boolean;
  /** What it would touch and how it can be undone, in the operator's words. */
  readonly touches: readonly SentencePart[] | null;
  readonly undo: string | null;
  readonly effect: ToolEffect | null;
  readonly reversible: boolean | null;
  readonly dataClass: DataClass | null;
  readonly environment: string | null;
  /** Ten-thousandths. */
  readonly amount: number | null;
  readonly currency: string | null;
  /** Which arguments the operator says these facts are read from: the values that decide. */
  readonly mapped?: FactMapping;
  readonly origins: readonly ValueOrigin[];
  readonly policy: {
    readonly reasons: readonly string[];
    readonly messages: readonly string[];
    readonly version: string;
  };
  readonly session: {
    readonly id: string | null;
    readonly startedAtMs: number;
    readonly calls: number;
    readonly denied: number;
    readonly asked: number;
    readonly readUntrusted: boolean;
    readonly recent: readonly EarlierCall[];
  };
  /** Something this call touches is watched. */
  readonly watched: boolean;
  /** Why the arguments stay out of records and messages (`restricted`, `policy`, …). People are shown them all the same. */
  readonly unrecorded: string | null;
  /** OpenID Connect CIBA `binding_message`: one line the agent shows as well, so that people see it is the same request. Data. */
  readonly bindingMessage?: string | null;
  /** SHA-256 (base64url) of the RFC 8785 form of arguments nobody is shown: then `arguments` is empty, and says nothing. */
  readonly argumentsDigest?: string | null;
}

/** What an approver may let through from now on besides this one call: the exact narrow rule. */
export interface StandingTerms {
  readonly agent: string;
  readonly subject: string | null;
  readonly server: string;
  readonly target: string;
  /** Only in this session, or task. `null`: in any. */
  readonly session: string | null;
  readonly task: string | null;
  /** Arguments that must be the same, by RFC 6901 pointer. Every argument of the approved call that is not named in `free`. */
  readonly fixed: Readonly<Record<string, Json>>;
  /** Top-level arguments that may differ. */
  readonly free: readonly string[];
  /** Ten-thousandths, per call. `null`: the amount is fixed like any other argument, or there is none. */
  readonly maxAmount: number | null;
  readonly notAfterMs: number;
}

/** A standing approval in force: what an earlier answer lets through without asking again. */
export interface Standing extends StandingTerms {
  readonly id: string;
  /** The request whose answers made it. */
  readonly approval: string;
  /** Everybody the request was made through, as one text: through others it is asked anew. */
  readonly chain: string;
  /** Who stands for it. It is good for what these people could approve now. */
  readonly signers: readonly string[];
  readonly assurance: Assurance;
  readonly createdAtMs: number;
  /** The pinned definition it was made for. */
  readonly pin: string | null;
  readonly state: 'active' | 'revoked';
}

/** Changed arguments an approver wants to let through instead. What runs is what was signed. */
export interface Proposal {
  readonly arguments: JsonObject;
  /** Digest of the whole changed action. */
  readonly digest: string;
  /** Why they stay out of records and messages. `null` or absent: for no reason of their own. */
  readonly unrecorded?: string | null;
  readonly by: string;
  readonly atMs: number;
}

/** What a passkey signed, kept whole so that anybody can check it later (WebAuthn level 3, section 7.2). */
export interface PasskeyProof {
  readonly credentialId: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly rpId: string;
  readonly origin: string;
  /** base64url, 16 random bytes. */
  readonly nonce: string;
  readonly authenticatorData: string;
  readonly clientDataJSON: string;
  readonly signature: string;
  /** What was signed, in words: the challenge is computed from it. */
  readonly statement: JsonObject;
}

/** One person's answer. */
export interface Answer {
  readonly person: string;
  readonly verdict: 'approved' | 'denied';
  readonly reason: string;
  readonly atMs: number;
  /** Digest of the action as they saw it. Answers to anything else do not count. */
  readonly digest: string;
  readonly assurance: Assurance;
  readonly proof: PasskeyProof | null;
  /** What they let through besides; in force when the request is approved, by all who answered. */
  readonly standing: StandingTerms | null;
}

const REDEMPTION = 'backchannel:';

/** What uses up an approval that is exchanged for a token, in the place of a call: no intent says so, the token does. */
export function redemptionOf(request: string): string {
  return `${REDEMPTION}${request}`;
}

export function isRedemption(by: string): boolean {
  return by.startsWith(REDEMPTION);
}
