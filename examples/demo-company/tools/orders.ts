import { Type } from 'typebox';
import { companyTool } from './tool.ts';

const SELECT = `SELECT id, supplier, item, quantity, total_cents / 100.0 AS total, currency, status, created_at AS createdAt
  FROM orders`;
const closed = { additionalProperties: false } as const;

/** The company's handbook: from here on somebody has to have said yes. */
const GUARDED_FROM = 400;

export const createOrder = companyTool({
  name: 'orders.create',
  title: 'Place an order',
  description:
    'Places a purchase order with a supplier. The total is the full price of the order in the given currency.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: Type.Object(
    {
      supplier: Type.String({ description: 'Supplier id, e.g. "northwind".', minLength: 1, maxLength: 40 }),
      item: Type.String({ description: 'Article number (SKU).', minLength: 1, maxLength: 40 }),
      quantity: Type.Integer({ minimum: 1, maximum: 100_000 }),
      total: Type.Number({ description: 'Full price, at most two decimals.', exclusiveMinimum: 0, maximum: 1_000_000 }),
      currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    },
    closed,
  ),
  guarded: ({ total }) => total >= GUARDED_FROM,
  run: ({ args, database }) => {
    if (database.get('SELECT 1 AS one FROM suppliers WHERE id = ?', args.supplier) === undefined) {
      throw new Error(
        `No supplier "${args.supplier}". Known: ${names(database.all('SELECT id FROM suppliers ORDER BY id'))}.`,
      );
    }
    const { id } = database.run(
      `INSERT INTO orders (supplier, item, quantity, total_cents, currency, status) VALUES (?, ?, ?, ?, ?, 'placed')`,
      args.supplier,
      args.item,
      args.quantity,
      Math.round(args.total * 100),
      args.currency,
    );
    return database.get(`${SELECT} WHERE id = ?`, id) ?? {};
  },
});

export const listOrders = companyTool({
  name: 'orders.list',
  title: 'List orders',
  description: 'Lists purchase orders, newest first.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  input: Type.Object(
    {
      supplier: Type.Optional(Type.String({ description: 'Only orders with this supplier.', maxLength: 40 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
    },
    closed,
  ),
  run: ({ args, database }) => ({
    orders: database.all(
      `${SELECT} WHERE ?1 IS NULL OR supplier = ?1 ORDER BY id DESC LIMIT ?2`,
      args.supplier ?? null,
      args.limit ?? 20,
    ),
  }),
});

export const cancelOrder = companyTool({
  name: 'orders.cancel',
  title: 'Cancel an order',
  description: 'Cancels a purchase order that has not been shipped. This cannot be undone.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: Type.Object({ id: Type.Integer({ minimum: 1 }) }, closed),
  guarded: () => true,
  run: ({ args, database }) => {
    const { changes } = database.run(
      `UPDATE orders SET status = 'cancelled' WHERE id = ? AND status = 'placed'`,
      args.id,
    );
    if (changes === 0) throw new Error(`Order ${args.id} does not exist or is no longer open.`);
    return { id: args.id, status: 'cancelled' };
  },
});

function names(rows: readonly Record<string, unknown>[]): string {
  return rows.map((row) => String(row.id)).join(', ');
}
