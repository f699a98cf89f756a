import { createHash, randomBytes } from 'node:crypto';

/** 256 bits nobody can guess, for cookies and links. Only its hash is kept, so that a copy of the store opens nothing. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is kept of a secret, told apart by what it is for. */
export function keptAs(purpose: string, secret: string): string {
  return createHash('sha256').update(`interlock ${purpose}\0${secret}`).digest('base64url');
}
