import { systemClock } from '../../../src/adapters/clock.ts';
import type { JsonObject } from '../../../src/model/json.ts';
import type { RequestId, RpcMessage, RpcRequest } from '../../../src/model/jsonrpc.ts';
import type { Era, SendOptions, UpstreamLink, UpstreamReply, UpstreamServer } from '../../../src/ports/upstream.ts';

const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'contract', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} },
};
const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} };

/** One open link with what it received, and requests that carry what their era demands. */
export interface Session {
  readonly link: UpstreamLink;
  readonly unsolicited: RpcMessage[];
  readonly closedBy: string[];
  send(
    method: string,
    params?: JsonObject,
    options?: Partial<SendOptions> & { id?: RequestId },
  ): Promise<UpstreamReply>;
  call(
    tool: string,
    args?: JsonObject,
    options?: Partial<SendOptions> & { id?: RequestId; token?: string },
  ): Promise<UpstreamReply>;
}

/** Opens a link and, in the legacy era, walks through its handshake. */
export async function openSession(server: UpstreamServer, era: Era): Promise<Session> {
  const link = await server.open(era);
  const unsolicited: RpcMessage[] = [];
  const closedBy: string[] = [];
  let nextId = 1;
  link.onUnsolicited((message) => unsolicited.push(message));
  link.onClosed((why) => closedBy.push(why));
  const session: Session = {
    link,
    unsolicited,
    closedBy,
    async send(method, params = {}, { id, ...options } = {}) {
      const meta = era === 'modern' ? { ...MODERN, ...(params._meta as JsonObject | undefined) } : params._meta;
      const message: RpcRequest = {
        jsonrpc: '2.0',
        id: id ?? nextId++,
        method,
        params: meta === undefined ? params : { ...params, _meta: meta },
      };
      return link.request(message, {
        signal: new AbortController().signal,
        onMessage: () => {},
        timeoutMs: 10_000,
        ...options,
      });
    },
    call: (tool, args = {}, { token, ...options } = {}) =>
      session.send(
        'tools/call',
        { name: tool, arguments: args, ...(token === undefined ? {} : { _meta: { progressToken: token } }) },
        options,
      ),
  };
  if (era === 'legacy') {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: CAPABILITIES,
      clientInfo: { name: 'contract', version: '1' },
    };
    await session.send('initialize', params);
    await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  }
  return session;
}

/** The text of a tool's result. */
export function textOf({ response }: UpstreamReply): string {
  const { content } = (response as unknown as { result: { content: { text?: string }[] } }).result;
  return content.map((item) => item.text ?? '').join('');
}

/** What a rejected promise said. */
export async function faultOf(
  promise: Promise<unknown>,
): Promise<{ code: string; sent?: boolean; message: string; detail?: string }> {
  try {
    await promise;
  } catch (error) {
    return error as never;
  }
  throw new Error('expected a fault');
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const end = systemClock.monotonicUs() + timeoutMs * 1000;
  while (!(await condition())) {
    if (systemClock.monotonicUs() > end) throw new Error('waited too long');
    await new Promise((done) => setTimeout(done, 10));
  }
}
