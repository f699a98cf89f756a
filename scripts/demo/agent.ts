import { readFileSync } from 'node:fs';
import {
  Client,
  PrivateKeyJwtProvider,
  type Progress,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import type { Stage } from './stage.ts';

export interface CallResult {
  readonly refused: boolean;
  /** What the model would read. */
  readonly text: string;
}

/** An agent with the official MCP client, unchanged: it finds out by itself how to authenticate, and proves itself by its key. */
export interface DemoAgent {
  readonly name: string;
  call(tool: string, args: Record<string, unknown>, options?: CallOptions): Promise<CallResult>;
  tools(): Promise<readonly string[]>;
  close(): Promise<void>;
}

interface CallOptions {
  /** What else goes with the call. */
  readonly meta?: Record<string, unknown>;
  readonly onProgress?: (progress: Progress) => void;
}

const CALL_TIMEOUT_MS = 60_000;
/** Agents on revision 2026-07-28 (stateless); the others are on 2025-11-25 (sessions). */
const MODERN: ReadonlySet<string> = new Set(['infrastructure', 'assistant']);

/** Somebody who knows the company's address and goes there without Interlock. */
export async function openStranger(url: string): Promise<DemoAgent> {
  const client = new Client({ name: 'stranger', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return demoAgent('stranger', client);
}

export async function openAgent(stage: Stage, name: string, server: string): Promise<DemoAgent> {
  const privateKey = JSON.parse(readFileSync(stage.keyOf(name), 'utf8')) as { alg: string };
  const authProvider = new PrivateKeyJwtProvider({
    clientId: name,
    privateKey,
    algorithm: privateKey.alg,
    expectedIssuer: stage.url,
  });
  // Some of the company's agents are newer than others; Interlock speaks to each in its own revision.
  const mode = MODERN.has(name) ? { pin: '2026-07-28' } : 'legacy';
  const client = new Client({ name: `${name}-agent`, version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${stage.url}/mcp/${server}`), { authProvider }));
  return demoAgent(name, client);
}

function demoAgent(name: string, client: Client): DemoAgent {
  return {
    name,
    call: async (tool, args, options = {}) => {
      try {
        const onprogress = options.onProgress === undefined ? {} : { onprogress: options.onProgress };
        const meta = options.meta === undefined ? {} : { _meta: options.meta };
        const request = { name: tool, arguments: args, ...meta };
        const result = await client.callTool(request, { timeout: CALL_TIMEOUT_MS, ...onprogress });
        const parts = result.content as readonly { type: string; text?: string }[];
        return { refused: result.isError === true, text: parts.map((part) => part.text ?? '').join('\n') };
      } catch (error) {
        // A JSON-RPC error: refused all the same, only at the level of the protocol.
        return { refused: true, text: (error as Error).message };
      }
    },
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    close: () => client.close(),
  };
}
