import { Agent, request } from 'undici';

/** Discovery documents, keys, tokens: small. */
const MAX_BYTES = 1_048_576;

/** One connection pool for all providers; nothing here is fetched often. */
const agent = new Agent({
  connections: 4,
  maxResponseSize: MAX_BYTES,
  headersTimeout: 10_000,
  bodyTimeout: 10_000,
  connect: { timeout: 5_000 },
});

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | URLSearchParams | null;
  readonly signal?: AbortSignal;
}

/**
 * For the providers the operator's own configuration names: bounded in size and time, and no redirects, so that what was configured is
 * what is asked. Their addresses may be private: that is where most of them are.
 */
export async function boundedFetch(url: string, { method = 'GET', headers, body, signal }: Asked): Promise<Response> {
  const answer = await request(url, {
    method: method as 'GET',
    dispatcher: agent,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined || body === null ? {} : { body: body.toString() }),
    ...(signal === undefined ? {} : { signal }),
  });
  const bytes = await answer.body.arrayBuffer();
  const named = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as [string, string]],
  );
  const empty = answer.statusCode === 204 || answer.statusCode === 304;
  return new Response(empty ? null : bytes, { status: answer.statusCode, headers: named });
}
