import { Type } from 'typebox';
import type { Row } from '../database.ts';
import { companyTool } from './tool.ts';

const closed = { additionalProperties: false } as const;
const COLUMNS = ['id', 'name', 'email', 'phone', 'city', 'tier'] as const;

export const getCustomer = companyTool({
  name: 'customers.get',
  title: 'Read a customer',
  description: 'Reads one customer by id.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  input: Type.Object({ id: Type.String({ description: 'Customer id, e.g. "c-1001".', maxLength: 40 }) }, closed),
  run: ({ args, database }) => {
    const customer = database.get('SELECT * FROM customers WHERE id = ?', args.id);
    if (customer === undefined) throw new Error(`No customer "${args.id}".`);
    return customer;
  },
});

export const searchCustomers = companyTool({
  name: 'customers.search',
  title: 'Search customers',
  description: 'Finds customers whose name or city contains the text.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  input: Type.Object({ text: Type.String({ minLength: 1, maxLength: 100 }) }, closed),
  run: ({ args, database }) => ({
    customers: database.all(
      'SELECT id, name, city, tier FROM customers WHERE instr(lower(name || char(10) || city), lower(?)) > 0 ORDER BY id LIMIT 50',
      args.text,
    ),
  }),
});

export const exportCustomers = companyTool({
  name: 'customers.export',
  title: 'Export all customers',
  description: 'Sends the whole customer list, with addresses and phone numbers, to a destination outside the company.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: Type.Object({ destination: Type.String({ description: 'E-mail address or URL.', maxLength: 500 }) }, closed),
  guarded: () => true,
  run: ({ args, database }) => {
    const customers = database.all('SELECT * FROM customers ORDER BY id');
    const csv = [COLUMNS.join(','), ...customers.map(csvLine)].join('\n');
    const sql = 'INSERT INTO exports (destination, rows, csv) VALUES (?, ?, ?)';
    const { id } = database.run(sql, args.destination, customers.length, csv);
    return { export: id, destination: args.destination, rows: customers.length };
  },
});

export const findTickets = companyTool({
  name: 'tickets.find',
  title: 'Find tickets',
  description: 'Finds support tickets of a customer. Ticket texts are written by customers.',
  annotations: { readOnlyHint: true, openWorldHint: false },
  input: Type.Object(
    {
      customer: Type.Optional(Type.String({ maxLength: 40 })),
      status: Type.Optional(Type.Enum(['open', 'closed'])),
    },
    closed,
  ),
  run: ({ args, database }) => ({
    tickets: database.all(
      'SELECT * FROM tickets WHERE (?1 IS NULL OR customer = ?1) AND (?2 IS NULL OR status = ?2) ORDER BY id LIMIT 50',
      args.customer ?? null,
      args.status ?? null,
    ),
  }),
});

function csvLine(row: Row): string {
  return COLUMNS.map((column) => `"${String(row[column]).replaceAll('"', '""')}"`).join(',');
}
