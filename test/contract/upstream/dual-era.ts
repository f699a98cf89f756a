import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  type NodeIncomingMessageLike,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  type EventStore,
  isLegacyRequest,
  type JSONRPCMessage,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';

/** Tells every live instance and stream of one endpoint that a list changed. */
export interface Announce {
  tools(): void;
  prompts(): void;
}

export interface DualEraOptions {
  /** Makes one server: per session in the legacy revisions, per request in the modern one. */
  readonly make: (announce: Announce) => McpServer;
  readonly port?: number;
  /** Pause the server asks for before a stream is resumed; streams carry event ids when it is given. */
  readonly retryMs?: number;
  readonly legacy?: boolean;
  /** Answers what the SDK cannot; null leaves the request to it. */
  readonly before?: (request: Request) => Promise<Response | null>;
}

export interface DualEraServer {
  readonly url: string;
  sessions(): number;
  /** Forgets every session without telling its client. */
  forgetSessions(): void;
  close(): Promise<void>;
}

/** One MCP endpoint at /mcp of 127.0.0.1 on the current SDK: sessions for legacy clients, stateless for modern ones. */
export async function serveDualEra(options: DualEraOptions): Promise<DualEraServer> {
  const sessions = new Map<string, { transport: WebStandardStreamableHTTPServerTransport; server: McpServer }>();
  const announce: Announce = {
    tools: () => {
      for (const { server } of sessions.values()) server.sendToolListChanged();
      modern.notify.toolsChanged();
    },
    prompts: () => {
      for (const { server } of sessions.values()) server.sendPromptListChanged();
      modern.notify.promptsChanged();
    },
  };
  const modern = createMcpHandler(() => options.make(announce), { legacy: 'reject' });
  const connect = async (): Promise<WebStandardStreamableHTTPServerTransport> => {
    const server = options.make(announce);
    const resumable =
      options.retryMs === undefined ? {} : { eventStore: memoryEvents(), retryInterval: options.retryMs };
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
      ...resumable,
    });
    server.server.onclose = () => void sessions.delete(transport.sessionId ?? '');
    await server.connect(transport);
    return transport;
  };
  const route = async (request: Request): Promise<Response> => {
    const answered = await options.before?.(request);
    if (answered !== undefined && answered !== null) return answered;
    const id = request.headers.get('mcp-session-id');
    const session = id === null ? undefined : sessions.get(id);
    if (session !== undefined) return session.transport.handleRequest(request);
    if (!(await isLegacyRequest(request)) || options.legacy === false) return modern.fetch(request);
    if (id !== null) return new Response(null, { status: 404 });
    return (await connect()).handleRequest(request);
  };
  const handle = toNodeHandler({ fetch: route });
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  const http = createServer((request, response) => {
    if (!guards.every((guard) => guard(request, response))) return;
    handle(request as NodeIncomingMessageLike, response).catch((error: Error) => response.destroy(error));
  });
  await new Promise<void>((done, failed) => http.once('error', failed).listen(options.port ?? 0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    sessions: () => sessions.size,
    forgetSessions: () => sessions.clear(),
    close: async () => {
      for (const { server } of [...sessions.values()]) await server.close();
      await modern.close();
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}

/** What a resumed stream is fed from: every frame of every stream, in order. */
function memoryEvents(): EventStore {
  const events: { id: string; stream: string; message: JSONRPCMessage }[] = [];
  return {
    async storeEvent(stream, message) {
      const id = `${stream}/${events.length}`;
      events.push({ id, stream, message });
      return id;
    },
    async replayEventsAfter(lastEventId, { send }) {
      const at = events.findIndex((event) => event.id === lastEventId);
      const stream = lastEventId.slice(0, lastEventId.lastIndexOf('/'));
      for (const event of events.slice(at + 1)) {
        // An empty object is the priming event of the stream, which is no message.
        if (event.stream === stream && Object.keys(event.message).length > 0) await send(event.id, event.message);
      }
      return stream;
    },
  };
}
