/**
 * A tool that carries out a call only when the gateway let exactly this call through. Run it behind the gateway of `interlock.yaml`
 * beside it, then call it directly: it refuses.
 *
 *   interlock up --config examples/verify-tool/interlock.yaml
 *   node examples/verify-tool/server.ts
 */
import { createServer } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { fromMcpMeta, verifyAction } from 'interlock/verify';

const { PORT = '7902', INTERLOCK_URL: issuer = 'http://127.0.0.1:7700' } = process.env;
/** What this server is called in the gateway's configuration. */
const audience = 'https://payments.example/mcp';

interface Payment {
  readonly to: string;
  readonly amount: number;
}
const inputSchema = fromJsonSchema<Payment>({
  type: 'object',
  properties: { to: { type: 'string' }, amount: { type: 'number' } },
  required: ['to', 'amount'],
  additionalProperties: false,
});

function payments(): McpServer {
  const server = new McpServer({ name: 'payments', version: '1.0.0' });
  server.registerTool('pay', { description: 'Pays somebody.', inputSchema }, async (payment, { mcpReq }) => {
    const verified = await verifyAction({
      ...fromMcpMeta(mcpReq),
      issuer,
      audience,
      tool: 'pay',
      arguments: payment,
      // Once over all processes of this server, and not after a kill.
      redeem: { url: `${issuer}/credentials/redeem` },
    });
    // What is thrown becomes a tool result with `isError`.
    if (!verified.ok) throw new Error(`not paid: ${verified.message} (${verified.reason})`);
    const { agent, subject, approvedBy, jti } = verified;
    const text = JSON.stringify({ paid: payment.amount, to: payment.to, agent, subject, approvedBy, jti });
    return { content: [{ type: 'text' as const, text }] };
  });
  return server;
}

const handle = toNodeHandler(createMcpHandler(payments), {});
const server = createServer((request, response) => void handle(request as NodeIncomingMessageLike, response));
server.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`payments at http://127.0.0.1:${port}/mcp, for calls that come through ${issuer}\n`);
});
