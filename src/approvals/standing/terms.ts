import type { ShownRequest, StandingTerms } from '../../model/approval.ts';
import { canonicalize } from '../../model/canonical.ts';
import { isObject, type Json } from '../../model/json.ts';
import { escapePointer, isPointer, resolvePointer } from '../../model/pointer.ts';
import { type OfferTime, standingOffers } from './offers.ts';

/** Terms somebody sent are no more than was offered: one of the offers for this very request, or something narrower. Total. */
export function validTerms(terms: unknown, shown: ShownRequest, at: OfferTime): terms is StandingTerms {
  const read = readTerms(terms);
  if (read === null || read.notAfterMs <= at.nowMs) return false;
  return isOfTheCall(read, shown) && standingOffers(shown, at).some((offer) => isWithin(read, offer.terms, shown));
}

/** The last moment that has a date. */
const LAST_TIME_MS = 8.64e15;

const MEMBERS = 'agent subject server target session task fixed free maxAmount notAfterMs'.split(' ');

/** What a client sent, where it has exactly the shape of terms; `null` for everything else. */
export function readTerms(value: unknown): StandingTerms | null {
  if (!isObject(value) || !MEMBERS.every((name) => Object.hasOwn(value, name))) return null;
  const { agent, subject, server, target, session, task, fixed, free, maxAmount, notAfterMs, ...rest } = value;
  const fits =
    Object.keys(rest).length === 0 &&
    [agent, server, target].every((text) => typeof text === 'string') &&
    [subject, session, task].every((text) => text === null || typeof text === 'string') &&
    isObject(fixed) &&
    Object.keys(fixed).every((pointer) => pointer !== '' && isPointer(pointer)) &&
    Array.isArray(free) &&
    free.every((name) => typeof name === 'string') &&
    new Set(free).size === free.length &&
    (maxAmount === null || (Number.isSafeInteger(maxAmount) && (maxAmount as number) >= 0)) &&
    Number.isSafeInteger(notAfterMs) &&
    (notAfterMs as number) <= LAST_TIME_MS;
  return fits ? (value as unknown as StandingTerms) : null;
}

/** What is fixed is what the approver saw, and every argument of the call is either fixed or free. */
function isOfTheCall({ fixed, free }: StandingTerms, { arguments: args }: ShownRequest): boolean {
  for (const [pointer, value] of Object.entries(fixed)) {
    const seen = resolvePointer(args, pointer);
    if (seen === undefined || !sameValue(seen, value as Json)) return false;
  }
  return Object.keys(args).every(
    (name) => args[name] === undefined || free.includes(name) || Object.hasOwn(fixed, `/${escapePointer(name)}`),
  );
}

function isWithin(terms: StandingTerms, offer: StandingTerms, shown: ShownRequest): boolean {
  return (
    terms.agent === offer.agent &&
    terms.subject === offer.subject &&
    terms.server === offer.server &&
    terms.target === offer.target &&
    within(terms.session, offer.session, shown.session.id) &&
    within(terms.task, offer.task, shown.task?.id ?? null) &&
    terms.notAfterMs <= offer.notAfterMs &&
    terms.free.every((name) => offer.free.includes(name)) &&
    Object.keys(offer.fixed).every((pointer) => Object.hasOwn(terms.fixed, pointer)) &&
    withinAmount(terms.maxAmount, offer.maxAmount)
  );
}

/** The same, or bound to the one at hand where the offer is bound to none. */
function within(asked: string | null, offered: string | null, own: string | null): boolean {
  return asked === offered || (offered === null && asked !== null && asked === own);
}

function withinAmount(asked: number | null, offered: number | null): boolean {
  return offered === null ? asked === null : asked !== null && asked <= offered;
}

function sameValue(a: Json, b: Json): boolean {
  return canonicalize(a) === canonicalize(b);
}
