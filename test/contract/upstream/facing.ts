import { type HttpUpstreamOptions, httpUpstream } from '../../../src/adapters/upstream/http.ts';
import type { Era, UpstreamServer } from '../../../src/ports/upstream.ts';
import { type Behaviour, json, type NastyServer, nastyHttp, result } from './nasty-http.ts';
import { openSession, type Session } from './session.ts';

export const SECRET = 'Bearer s3cret-token';
export const closing: (() => Promise<void>)[] = [];
/** Ends everything a test began; the last begun ends first. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

export type Fixture = { nasty: NastyServer; server: UpstreamServer; session: Session; logged: string[] };

/** A fast resumption, so that the tests are. */
export const RESUME = { attempts: 3, defaultRetryMs: 10, maxRetryMs: 500 };

export async function facing(
  era: Era,
  behave: Behaviour,
  options: Partial<HttpUpstreamOptions> = {},
): Promise<Fixture> {
  const nasty = await nastyHttp((seen, response) => {
    if (seen.body?.method === 'initialize') {
      return json(response, result(seen.body.id, { protocolVersion: '2025-11-25', capabilities: {} }), 200, {
        'mcp-session-id': 'session-1',
      });
    }
    if (seen.body?.method?.startsWith('notifications/') || seen.method === 'DELETE')
      return void response.writeHead(202).end();
    behave(seen, response);
  });
  closing.push(nasty.close);
  const logged: string[] = [];
  const log = (fields: object, message: string) => void logged.push(JSON.stringify([fields, message]));
  const server = httpUpstream({
    id: 'nasty',
    url: nasty.url,
    headers: { authorization: SECRET },
    log: { debug: log, warn: log },
    ...options,
    limits: { resume: RESUME, closeTimeoutMs: 200, ...options.limits },
  });
  closing.push(() => server.close());
  return { nasty, server, session: await openSession(server, era), logged };
}
