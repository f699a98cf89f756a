import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Agent } from '../model/agent.ts';
import type { Person } from '../model/person.ts';

/**
 * The seam between the authorization server and the pages people see. When a client sends a browser to `/oauth/authorize` and the person
 * must sign in or consent, the browser is sent on to `/oauth/interaction/<uid>`, with a cookie for that path. Whatever serves that path
 * asks `details`, shows a page, and ends with exactly one of `login`, `consent` and `deny`; each of them answers the request with a
 * redirect back to the authorization endpoint, which goes on from there (and may send the browser here again for the next step).
 */
export const INTERACTION_PATH = '/oauth/interaction';

export interface Interactions {
  /** Throws InteractionGone when there is none (any more): the person must start again in the client. */
  details(request: IncomingMessage, response: ServerResponse): Promise<InteractionDetails>;
  /** The person has proven who they are. Throws InteractionGone; InteractionRefused when the person is not active. */
  login(request: IncomingMessage, response: ServerResponse, who: SignedIn): Promise<void>;
  /** What the person agreed to; never more than was asked. Throws InteractionGone; InteractionRefused when it may not be granted. */
  consent(request: IncomingMessage, response: ServerResponse, agreed: Agreed): Promise<void>;
  /** Sends the client away with `access_denied`. */
  deny(request: IncomingMessage, response: ServerResponse, reason?: string): Promise<void>;
  /** What a person has agreed to and what is still good, newest first. */
  consentsOf(personId: string): Promise<readonly Consent[]>;
  /**
   * Ends a consent and everything that came from it, everywhere, before it resolves: refresh tokens, codes, access tokens. `false`: this
   * person has no such consent.
   */
  withdraw(personId: string, grantId: string): Promise<boolean>;
  /** Everything a person ever agreed to, and their sign-ins here. How many consents ended. */
  withdrawAll(personId: string): Promise<number>;
}

export interface InteractionDetails {
  readonly uid: string;
  /** `login`: nobody is signed in, or somebody must again. `consent`: `person` must agree. */
  readonly prompt: 'login' | 'consent';
  readonly client: InteractionClient;
  /** Who is signed in; `null` at `login`. */
  readonly person: Person | null;
  /** Whom the client may act as, the one proposed first. Empty at `login`, and when nobody: then consent is refused. */
  readonly agents: readonly AgentChoice[];
  /** What the client asks for, by server; `*` stands for every server. */
  readonly scopes: readonly AskedScopes[];
  /** `openid`, `offline_access`, … as asked. */
  readonly protocolScopes: readonly string[];
  /** RFC 8707 resources it wants to be used at. */
  readonly resources: readonly string[];
  /** What the client hints about who will sign in (`login_hint`); a text of the client's, to be shown as data only. */
  readonly loginHint: string | null;
  /** At `login`: the person must have proven who they are after this, because the client asks for it anew. 0: any time will do. */
  readonly freshAfterMs: number;
  /** The longest a consent given now may last. */
  readonly maxUntilMs: number;
  /** When this interaction is forgotten. */
  readonly expiresAtMs: number;
}

export interface InteractionClient {
  readonly id: string;
  /** All of these are the client's own words, unless `registered` is `agent`: show them as data. */
  readonly name: string;
  readonly uri: string | null;
  readonly logo: string | null;
  /** Where the answer is sent. */
  readonly redirectUri: string;
  /** `agent`: in the registry; `document`: whoever controls the URL that is its id; `dynamic`: registered itself, unverified. */
  readonly registered: 'agent' | 'document' | 'dynamic';
}

export interface AgentChoice {
  readonly id: string;
  readonly name: string;
  readonly purpose: string;
  /** The registered agent; `null`: consenting registers it, owned by the person who does. */
  readonly agent: Agent | null;
}

export interface AskedScopes {
  readonly server: string;
  readonly rights: readonly string[];
}

export interface SignedIn {
  readonly personId: string;
  /** RFC 8176 values: `pwd`, `hwk`, `user`, `fed`, … */
  readonly amr: readonly string[];
  readonly acr: string | null;
  readonly authTimeMs: number;
}

export interface Agreed {
  /** `server:right`; those not asked for are ignored. */
  readonly scopes: readonly string[];
  /** Those not asked for are ignored. */
  readonly resources: readonly string[];
  /** One of `details.agents`; left out: the first. */
  readonly agentId?: string;
  /** When the consent ends; capped at `details.maxUntilMs`. */
  readonly untilMs: number;
}

export interface Consent {
  readonly grantId: string;
  readonly agentId: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly atMs: number;
  readonly untilMs: number;
}

/** The interaction is not there: expired, ended, or of another browser. */
export class InteractionGone extends Error {
  constructor(cause?: unknown) {
    super('this sign-in has expired or was already answered: start again in the application', { cause });
    this.name = 'InteractionGone';
  }
}

/** The step may not be taken. The message may be shown. */
export class InteractionRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InteractionRefused';
  }
}
