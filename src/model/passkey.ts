import { hash } from 'node:crypto';

/** What a passkey's public key (COSE, base64url) is recognised by in records and receipts: its SHA-256, base64url. */
export function passkeyThumbprint(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64url'), 'base64url');
}
