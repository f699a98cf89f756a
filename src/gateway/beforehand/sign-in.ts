import type { ApprovalRequest, Opened } from '../../approvals/types.ts';
import type { Agent } from '../../model/agent.ts';
import type { Assurance, SentencePart, ShownRequest } from '../../model/approval.ts';
import { ALONE, type Caller, keptCaller } from '../../model/caller.ts';
import { digestJson } from '../../model/canonical.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Person } from '../../model/person.ts';
import type { Gateway } from '../gateway.ts';

export const SIGN_IN = 'sign-in';
/** What stands where a call names its server. */
const HERE = 'interlock';

/** A person lets an agent act for them, so far and there, without a browser. */
export interface AskSignIn {
  readonly agent: Agent;
  readonly owner: Person | null;
  readonly person: Person;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** Written by the agent. */
  readonly bindingMessage: string | null;
  /** More proof than is configured. `null`: as configured. */
  readonly assurance: Assurance | null;
  readonly ttlMs: number;
}

/** Asks the person, and nobody else. On record before they are asked. Faults: `overloaded`, `journal-unavailable`, `internal`. */
export async function askSignIn(gateway: Gateway, asked: AskSignIn): Promise<Opened> {
  const request = requestOf(gateway, asked);
  await gateway.journal.append({
    ...{ type: 'admin', act: 'backchannel.ask', by: asked.agent.id, reason: asked.agent.purpose },
    detail: {
      ...{ subject: asked.person.id, scopes: [...asked.scopes], resources: [...asked.resources] },
      ...{ bindingMessage: asked.bindingMessage, digest: request.digest },
    },
  });
  return gateway.approvals.open(request);
}

/** Whether the agent and the person of a sign-in may still act, and neither is stopped. `null`: yes; else why not. */
export function whySignInStopped(gateway: Gateway, caller: Caller): string | null {
  const why = gateway.entitled(caller);
  if (why !== null) return why;
  const { agent, subject } = caller;
  const entry = gateway.revocation.enter({
    ...{
      agent: agent.id,
      owner: agent.owner,
      user: subject,
      through: [],
      session: null,
      tasks: [],
      server: '',
      tool: null,
    },
  });
  if (entry.ok) entry.leave();
  return entry.ok ? null : 'stopped by an operator';
}

function requestOf(gateway: Gateway, asked: AskSignIn): ApprovalRequest {
  const { agent, owner, person, scopes, resources, bindingMessage, assurance, ttlMs } = asked;
  const terms: JsonObject = { scopes: [...scopes], resources: [...resources] };
  const caller: Caller = {
    ...ALONE,
    ...{ agent, owner, person, subject: person.id, chain: [{ id: agent.id, kind: 'agent' }], scopes },
    ...{ method: 'token', credentialId: 'backchannel', expiresAtMs: Number.MAX_SAFE_INTEGER },
  };
  // The message is a part of what is asked: one for another message is another request.
  const digest = digestJson({ action: SIGN_IN, agent: agent.id, subject: person.id, ...terms, bindingMessage });
  return {
    ...{ kind: 'backchannel', call: digest, agent: agent.id, subject: person.id, session: null, task: null },
    chain: JSON.stringify(caller.chain.map(({ kind, id }) => [kind, id])),
    digest,
    asks: [{ text: 'subject', agent: agent.id }],
    facts: { amount: null, environment: null, dataClass: null, effect: null },
    starters: [...new Set([person.id, agent.owner])],
    shown: shownSignIn(gateway, asked, terms),
    pin: null,
    context: { signIn: true, caller: keptCaller(caller) as unknown as JsonObject, bindingMessage },
    ...{ ttlMs, assurance },
  };
}

function shownSignIn(gateway: Gateway, asked: AskSignIn, terms: JsonObject): ShownRequest {
  const { agent, person, bindingMessage } = asked;
  return {
    ...{ call: '', action: SIGN_IN, server: HERE, target: null, arguments: terms, sentence: sentenceOf(asked) },
    agent: { id: agent.id, name: agent.name, owner: agent.owner, riskTier: agent.riskTier },
    subject: { id: person.id, name: person.name },
    chain: [{ id: agent.id, kind: 'agent' }],
    ...{ purpose: agent.purpose, task: null, reviewed: true, touches: null, undo: null, effect: null },
    ...{ reversible: null, dataClass: 'internal', environment: null, amount: null, currency: null, origins: [] },
    policy: { reasons: [], messages: [], version: gateway.snapshot().policies.version },
    session: {
      ...{ id: null, startedAtMs: gateway.clock.nowMs(), calls: 0, denied: 0, asked: 0 },
      ...{ readUntrusted: false, recent: [] },
    },
    ...{ watched: false, unrecorded: null },
    bindingMessage,
  };
}

function sentenceOf({ agent, scopes, resources }: AskSignIn): readonly SentencePart[] {
  // A name somebody chose for their program is no word of ours.
  const named: readonly SentencePart[] = [{ text: 'Let ' }, { argument: 'agent', value: agent.name, missing: false }];
  if (scopes.length === 0) return [...named, { text: ' know who you are. It may do nothing for you by this.' }];
  return [
    ...named,
    { text: ' act for you at ' },
    { argument: 'resources', value: [...resources], missing: false },
    { text: ', as far as ' },
    { argument: 'scopes', value: [...scopes], missing: false },
  ];
}
