import type { ServerResponse } from 'node:http';
import { SAFE_HEADERS } from '../../account/web/answer.ts';

const YEAR_S = 31_536_000;

/** For every answer of the console, also those a route writes by itself. */
export function setSafeHeaders(response: ServerResponse, origin: string): void {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  response.setHeader('content-security-policy', "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
  if (origin.startsWith('https:')) response.setHeader('strict-transport-security', `max-age=${YEAR_S}`);
}

/** Of files of ours: a worker has the policy its own file came with, and reads the log it checks from here. */
export const ASSET_POLICY = "default-src 'none'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * Scripts and styles from files of ours alone, nothing inline but the style elements of editor and graph, which carry a nonce of this one
 * answer. No `unsafe-inline`, no `unsafe-eval`.
 */
export function pagePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
