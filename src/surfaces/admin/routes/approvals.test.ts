import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../adapters/clock.ts';
import type { Permission } from '../../../model/insight/roles.ts';
import { adminApp } from '../server.ts';
import { type ApprovalOperations, approvalRoutes } from './approvals.ts';

const ROW = {
  ...{ id: 'a-1', state: 'pending', agent: 'buyer', requestedAtMs: 1 },
  request: '{"arguments":{"iban":"DE-CONTENT"}}',
  context: 'NEVER-SHOWN',
  answerReason: 'DE-CONTENT',
  proposal: { arguments: { iban: 'DE-CONTENT' } },
  answers: [{ person: 'alice', verdict: 'denied', atMs: 2, reason: 'DE-CONTENT', proof: { statement: 'DE-CONTENT' } }],
};
const operations = {
  list: async () => [ROW],
  get: async () => ROW,
  mayAnswer: () => ['alice'],
  standing: () => [{ id: 's-1', agent: 'buyer', signers: ['alice'], fixed: { '/iban': 'DE-CONTENT' } }],
} as unknown as ApprovalOperations;

const ALL = ['/v1/approvals', '/v1/approvals/a-1', '/v1/standing'];

async function read(may: readonly Permission[], paths = ALL, status = 200): Promise<string> {
  const app = adminApp({
    routes: [approvalRoutes(operations)],
    idempotency: { store: {} as never, clock: systemClock },
    audience: { prefix: '', sessionCookie: null },
    guard: {
      admit: (scope) =>
        void scope.addHook('onRequest', async (request) => {
          request.can = (permission) => may.includes(permission);
        }),
      confirm: () => {},
    },
  });
  const answers = await Promise.all(paths.map((url) => app.inject({ url })));
  await app.close();
  for (const { statusCode } of answers) expect(statusCode).toBe(status);
  return answers.map(({ body }) => body).join('\n');
}

describe('what of a request for approval is shown', () => {
  it('who, when and what was answered to whoever may read; no arguments, no reasons, no proofs', async () => {
    const text = await read(['read', 'approvals.read']);
    expect(text).toContain('"agent":"buyer"');
    expect(text).toContain('"verdict":"denied"');
    expect(text).not.toMatch(/DE-CONTENT|NEVER-SHOWN/);
  });

  it('nothing by searching for it, either', async () => {
    await read(['read', 'approvals.read'], ['/v1/approvals?text=DE'], 403);
    expect(await read(['read.content', 'approvals.read'], ['/v1/approvals?text=DE'])).toContain('DE-CONTENT');
  });

  it('all of that to whoever may see content; what the gateway keeps for itself to nobody in a browser', async () => {
    const text = await read(['read', 'read.content', 'approvals.read']);
    expect(text).toContain('DE-CONTENT');
    expect(text).not.toContain('NEVER-SHOWN');
  });
});
