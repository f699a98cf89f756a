import { McpServer, ResourceTemplate } from '@modelcontextprotocol/server';
import { exportCustomers, findTickets, getCustomer, searchCustomers } from './tools/customers.ts';
import { deleteServer, listServers, restartServer } from './tools/infrastructure.ts';
import { cancelOrder, createOrder, listOrders } from './tools/orders.ts';
import { buildReport } from './tools/reports.ts';
import type { CompanyContext, CompanyTool } from './tools/tool.ts';

/** The company's departments, each an MCP endpoint of its own (`/erp/mcp`, …); `all` is the one at `/mcp`. */
export const DEPARTMENTS = {
  erp: [createOrder, listOrders, cancelOrder, buildReport],
  crm: [getCustomer, searchCustomers, exportCustomers, findTickets],
  infra: [listServers, restartServer, deleteServer],
} as const satisfies Record<string, readonly CompanyTool[]>;

export type Department = keyof typeof DEPARTMENTS | 'all';

const HANDBOOK = `Purchasing handbook
1. Orders below 400 EUR are placed without asking.
2. From 400 EUR on, the owner of the requesting agent decides.
3. Above 10,000 EUR agents do not buy at all.
`;

export function toolsOf(department: Department): readonly CompanyTool[] {
  return department === 'all' ? Object.values(DEPARTMENTS).flat() : DEPARTMENTS[department];
}

export interface CompanyServer {
  readonly server: McpServer;
  /** Changes the description of a tool it has (others are ignored) and tells its client that the list changed. */
  describe(tool: string, description: string): void;
}

/** One server instance: per session in the revisions with sessions, per request in the stateless one. */
export function companyServer(company: CompanyContext, department: Department): CompanyServer {
  const server = new McpServer(
    { name: `demo-company-${department}`, version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, resources: {}, prompts: {} } },
  );
  const tools = new Map(toolsOf(department).map((tool) => [tool.name, tool.register(server, company)]));
  registerHandbook(server);
  if (department === 'erp' || department === 'all') registerPurchasing(server, company);
  return { server, describe: (tool, description) => tools.get(tool)?.update({ description }) };
}

function registerHandbook(server: McpServer): void {
  const about = { title: 'Purchasing handbook', description: 'Who may buy what.', mimeType: 'text/plain' };
  server.registerResource('handbook', 'company://handbook/purchasing', about, (uri) => ({
    contents: [{ uri: uri.href, mimeType: 'text/plain', text: HANDBOOK }],
  }));
}

function registerPurchasing(server: McpServer, company: CompanyContext): void {
  const template = new ResourceTemplate('company://orders/{id}', { list: undefined });
  const about = { title: 'One order', description: 'A purchase order as JSON.', mimeType: 'application/json' };
  server.registerResource('order', template, about, (uri, variables) => {
    const order = company.database.get('SELECT * FROM orders WHERE id = ?', Number(variables.id));
    if (order === undefined) throw new Error(`No order "${String(variables.id)}".`);
    return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(order) }] };
  });
  const text =
    'Compare the offers of our suppliers for what I describe next, then place the order with the cheapest one.';
  server.registerPrompt(
    'buy',
    { title: 'Buy something', description: 'Finds a supplier and places an order.' },
    () => ({
      messages: [{ role: 'user', content: { type: 'text', text } }],
    }),
  );
}
