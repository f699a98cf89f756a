import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../gateway/gateway.ts';
import type { Redeemed, Redemption } from '../../gateway/lease/redeem.ts';
import { ACTION_LIMITS } from '../../model/action-credential.ts';
import { Fault } from '../../model/fault.ts';
import { isObject, type Json } from '../../model/json.ts';
import { parseStrict } from '../../model/strict-json.ts';
import { checkOrigin, type DoorRules, readBody } from '../http/door.ts';
import { sendJson } from '../mcp/responder.ts';

export const REDEEM_PATH = '/credentials/redeem';
const BODY_BYTES = 16_384;
const JSON_LIMITS = { maxDepth: 4, maxNodes: 20 };
/** At once: each costs two signature checks, and whoever sends rubbish is not known. */
const MAX_UNDER_WAY = 64;
const STATUS = { invalid: 400, expired: 410, stopped: 403, used: 409 } as const;

export interface RedeemDoorParts {
  readonly redeem: (redemption: Redemption) => Promise<Redeemed>;
  readonly rules: DoorRules;
  readonly log: Log;
}

/**
 * POST /credentials/redeem: a tool presents the credential of an action right before it begins. Form or JSON `{ token, proof? }`; 200
 * `{ redeemed: true }` once. Whoever has the credential may ask: it says nothing that is not in it.
 */
export function redeemDoor({ redeem, rules, log }: RedeemDoorParts) {
  let underWay = 0;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    checkOrigin(request, rules);
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      throw new Fault('method-not-allowed', `${request.method} is not a method of this endpoint`);
    }
    // Before it takes a place: whoever sends slowly keeps nobody else out.
    const body = await readBody(request, BODY_BYTES);
    if (underWay >= MAX_UNDER_WAY) throw new Fault('overloaded', 'Too many credentials are being redeemed; try again');
    underWay++;
    try {
      const redemption = read(request.headers['content-type'], body);
      const answer = redemption === null ? ({ redeemed: false, why: 'invalid' } as const) : await redeem(redemption);
      sendJson(response, answer.redeemed ? 200 : STATUS[answer.why], answer);
    } catch (error) {
      if (error instanceof Fault && error.kind === 'caller') throw error;
      log.error({ err: error }, 'a credential could not be redeemed');
      throw new Fault('overloaded', 'This cannot be answered now: do not carry out the action');
    } finally {
      underWay--;
    }
  };
}

/** `null`: nothing that could be one. Fault `unsupported-media-type` for any other form. */
function read(contentType: string | undefined, body: Buffer): Redemption | null {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (!isUtf8(body)) throw new Fault('parse-error', 'the body is not UTF-8');
  const text = body.toString('utf8');
  if (type === 'application/json') return fromJson(text);
  if (type !== 'application/x-www-form-urlencoded')
    throw new Fault('unsupported-media-type', 'Content-Type must be application/json or a form');
  const form = new URLSearchParams(text);
  const [tokens, proofs] = [form.getAll('token'), form.getAll('proof')];
  return tokens.length > 1 || proofs.length > 1 ? null : redemptionOf(tokens[0], proofs[0]);
}

function fromJson(text: string): Redemption | null {
  const value = parseStrict(text, JSON_LIMITS);
  return isObject(value) ? redemptionOf(value.token, value.proof) : null;
}

function redemptionOf(token: Json | undefined, proof: Json | undefined = null): Redemption | null {
  if (typeof token !== 'string' || (proof !== null && typeof proof !== 'string')) return null;
  if (token.length > ACTION_LIMITS.length || (proof?.length ?? 0) > ACTION_LIMITS.proofLength) return null;
  return { token, proof };
}
