import type { Agent } from '../../../model/agent.ts';
import { ASSURANCES, type Assurance } from '../../../model/approval.ts';
import { PROTOCOL_SCOPES } from '../../../model/scope.ts';
import { OAuthRefused } from '../../answer.ts';
import type { Form } from '../../form.ts';
import type { BackchannelSettings } from '../options.ts';

const MESSAGE_LENGTH = 100;
/** RFC 6750 section 2.1; 22 characters are the 128 bits CIBA Core section 7.1 asks for at least, 1024 the most it allows. */
const NOTIFICATION_TOKEN = /^[A-Za-z0-9._~+/-]{22,1024}=*$/;
const NOTIFICATION_TOKEN_LENGTH = 1024;
/** Letters, marks, digits, punctuation, symbols and plain spaces: nothing that hides, turns or breaks a line. */
const PLAIN = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;
/** More than two marks on one letter write over the lines around it. */
const STACKED = /\p{M}{3}/u;
const MAX_ACR_CHARS = 500;

/** What a request says besides who asks, whom, and for what. */
export interface Terms {
  readonly bindingMessage: string | null;
  readonly expiryMs: number;
  /** The least the person's answer must be proven by, of those the agent takes. `null`: it takes any. */
  readonly assurance: Assurance | null;
  readonly notificationToken: string | null;
}

/** CIBA Core section 7.1. Throws OAuthRefused. */
export function readTerms(form: Form, agent: Agent, settings: BackchannelSettings): Terms {
  refuseUnsupported(form);
  checkScope(form.get('scope'));
  return {
    bindingMessage: bindingMessage(form.get('binding_message')),
    expiryMs: expiry(form.get('requested_expiry'), settings),
    assurance: assuranceOf(form.get('acr_values')),
    notificationToken: notificationToken(form.get('client_notification_token'), agent),
  };
}

/** How an answer was proven, for `acr` and `acr_values`; weakest first. */
export const ACR: Readonly<Record<Assurance, string>> = {
  operator: 'urn:interlock:acr:operator',
  'signed-in': 'urn:interlock:acr:signed-in',
  passkey: 'urn:interlock:acr:passkey',
};

/** Whatever of it is known is good enough; what is not known is a wish nobody can fulfil (OpenID Connect Core section 3.1.2.1). */
function assuranceOf(text: string | null): Assurance | null {
  if (text !== null && text.length > MAX_ACR_CHARS)
    throw new OAuthRefused('invalid_request', `acr_values is longer than ${MAX_ACR_CHARS} characters`);
  const wanted = new Set(text?.split(' '));
  return ASSURANCES.find((assurance) => wanted.has(ACR[assurance])) ?? null;
}

/** What would change the meaning of a request is refused where it is not understood. */
function refuseUnsupported(form: Form): void {
  if (form.get('request_uri') !== null)
    throw new OAuthRefused('invalid_request', 'request_uri is not supported: send the signed request itself');
  if (form.get('user_code') !== null) throw new OAuthRefused('invalid_request', 'user_code is not supported');
}

function checkScope(scope: string | null): void {
  if (scope?.split(' ').includes('openid') !== true)
    throw new OAuthRefused(
      'invalid_scope',
      `scope must contain openid; besides ${[...PROTOCOL_SCOPES].join(', ')} it names rights`,
    );
}

function bindingMessage(text: string | null): string | null {
  if (text === null) return null;
  const usable = [...text].length <= MESSAGE_LENGTH && PLAIN.test(text) && !STACKED.test(text) && text.trim() !== '';
  if (usable) return text;
  throw new OAuthRefused(
    'invalid_binding_message',
    `binding_message must be one line of plain text of at most ${MESSAGE_LENGTH} characters`,
  );
}

/** Seconds; a longer time than the operator allows is shortened, and the answer says so. */
function expiry(text: string | null, { expireMs, maxExpireMs }: BackchannelSettings): number {
  if (text === null) return expireMs;
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new OAuthRefused('invalid_request', 'requested_expiry must be a whole number of seconds above 0');
  return Math.min(Number(text) * 1000, maxExpireMs);
}

/** Required of an agent that is pinged, and of no use to one that polls. */
function notificationToken(text: string | null, agent: Agent): string | null {
  if (agent.backchannel?.mode !== 'ping') return null;
  if (text !== null && text.length <= NOTIFICATION_TOKEN_LENGTH && NOTIFICATION_TOKEN.test(text)) return text;
  throw new OAuthRefused(
    'invalid_request',
    'client_notification_token must be a bearer token of 22 to 1024 characters, new for every request',
  );
}
