import type { IncomingMessage, ServerResponse } from 'node:http';
import { servePages } from '../account/serve.ts';
import type { ApprovalPageParts } from './options.ts';
import { pagesOf } from './routes/table.ts';

export type { ApprovalPageParts, Offer, StandingDesk } from './options.ts';

/** The pages where people answer what agents ask. */
export interface ApprovalPages {
  /** Whether a path is one of these pages. */
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void>;
}

export function openApprovalPages(parts: ApprovalPageParts): ApprovalPages {
  const pages = pagesOf(parts);
  return {
    serves: (path) => path === '/approvals' || path.startsWith('/approvals/'),
    handle: (request, response, path) => servePages(parts, { request, response, path }, pages),
  };
}
