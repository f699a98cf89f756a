import { createHash, randomBytes } from 'node:crypto';

/** The secret of one link: 256 bits, 43 characters of base64url. */
export const TICKET = /^[A-Za-z0-9_-]{43}$/;

export interface Ticket {
  readonly secret: string;
  /** What is kept (`NoticeRow.ticket`): a copy of the store opens nothing. */
  readonly hash: string;
}

export function makeTicket(): Ticket {
  const secret = randomBytes(32).toString('base64url');
  return { secret, hash: ticketHash(secret) };
}

/** For `NoticeStore.open`. */
export function ticketHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** A page with a button: opening it changes nothing, so that programs that follow links in mail use nothing up. */
export function ticketLink(origin: string, secret: string): string {
  return `${origin}/approvals/open/${secret}`;
}
