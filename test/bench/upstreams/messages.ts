/** What the bare upstreams answer: the least an MCP server of revision 2025-11-25 can say. */
interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly arguments?: { readonly item?: string } };
}

export const TOOL = {
  name: 'orders.create',
  title: 'Place an order',
  description: 'Places a purchase order with a supplier.',
  annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
  inputSchema: {
    type: 'object',
    properties: {
      supplier: { type: 'string' },
      item: { type: 'string' },
      quantity: { type: 'integer' },
      total: { type: 'number' },
      currency: { type: 'string' },
    },
    required: ['supplier', 'item', 'quantity', 'total', 'currency'],
    additionalProperties: false,
  },
};

/** Arguments of the measured call; the demo company's tool of the same name takes them too. */
export const ARGUMENTS = {
  supplier: 'northwind',
  item: 'PAPER-A4',
  quantity: 10,
  total: 49.9,
  currency: 'EUR',
};

const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: 'bench-upstream', version: '1.0.0' },
};

/** Answers one frame; `null` for notifications, which get no answer. */
export function answer(frame: Request): string | null {
  if (frame.id === undefined) return null;
  const envelope = (body: object) => JSON.stringify({ jsonrpc: '2.0', id: frame.id, ...body });
  switch (frame.method) {
    case 'tools/call': {
      const text = JSON.stringify({ id: 17, item: frame.params?.arguments?.item ?? null, status: 'placed' });
      return envelope({ result: { content: [{ type: 'text', text }] } });
    }
    case 'initialize':
      return envelope({ result: INITIALIZED });
    case 'tools/list':
      return envelope({ result: { tools: [TOOL] } });
    case 'ping':
      return envelope({ result: {} });
    default:
      return envelope({ error: { code: -32601, message: 'Method not found' } });
  }
}
