import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { RecordQuery, RecordView } from '../../../../model/insight/records.ts';
import { Problem } from '../../problem.ts';
import { closed, needs } from '../../schemas.ts';
import type { RecordOperations } from './operations.ts';
import { RECORD_FILTER } from './search.ts';

const MAX_ROWS = 100_000;
const PAGE = 200;
/** An export is never in a hurry: calls are. */
const REST_MS = 5;
/** Each takes a part of the thread that serves calls as long as it lasts. */
const MAX_AT_ONCE = 2;

type ExportQuery = Omit<RecordQuery, 'cursor' | 'limit'> & { format?: 'ndjson' | 'csv'; limit?: number };

/** GET /v1/records/export: what a search finds, newest first, as a file. */
export function exportRoute(app: FastifyInstance, operations: RecordOperations): void {
  const properties = {
    ...RECORD_FILTER,
    format: { enum: ['ndjson', 'csv'] },
    limit: { type: 'integer', minimum: 1, maximum: MAX_ROWS },
  };
  let running = 0;
  app.get<{ Querystring: ExportQuery }>(
    '/v1/records/export',
    { ...needs('read'), schema: { querystring: { ...closed, properties } } },
    async (request, reply) => {
      if (running >= MAX_AT_ONCE)
        throw new Problem(503, 'busy', `${MAX_AT_ONCE} exports are under way already: wait for one to end`);
      const { format = 'ndjson', limit = MAX_ROWS, ...query } = request.query;
      const csv = format === 'csv';
      const withContent = request.can('read.content');
      const rows = found(operations, {
        ...{ query, limit },
        withContent,
        still: async () => (await request.stillMay()) && (!withContent || request.can('read.content')),
      });
      const type = csv ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson';
      const file = Readable.from(csv ? csvText(rows) : ndjsonText(rows));
      running++;
      let over = false;
      const end = (): void => {
        if (!over) running--;
        over = true;
      };
      // Whichever ends first: who asked may go before the first row, and a file may wait for one.
      file.once('close', end);
      reply.raw.once('close', end);
      return reply
        .type(type)
        .header('content-disposition', `attachment; filename="records.${format}"`)
        .header('cache-control', 'no-store')
        .send(file);
    },
  );
}

interface Wanted {
  readonly query: RecordQuery;
  readonly limit: number;
  readonly withContent: boolean;
  readonly still: () => Promise<boolean>;
}

async function* found(operations: RecordOperations, wanted: Wanted): AsyncGenerator<readonly RecordView[]> {
  let cursor: string | null = null;
  let left = wanted.limit;
  for (let pages = 0; left > 0; pages++) {
    // Whoever was signed out meanwhile gets no more, nor who may not see content any more.
    if (pages % 50 === 49 && !(await wanted.still())) throw new Error('the session behind this export has ended');
    const query = { ...wanted.query, limit: Math.min(PAGE, left), ...(cursor === null ? {} : { cursor }) };
    const { items, next } = await operations.search({ query, withContent: wanted.withContent });
    if (items.length > 0) yield items;
    left -= items.length;
    if (next === null) return;
    cursor = next;
    await sleep(REST_MS);
  }
}

async function* ndjsonText(pages: AsyncIterable<readonly RecordView[]>): AsyncGenerator<string> {
  for await (const page of pages) yield page.map((row) => `${JSON.stringify(row)}\n`).join('');
}

const COLUMNS = [
  ...['seq', 'time', 'type', 'effect', 'code', 'agent', 'owner', 'subject', 'session', 'call', 'server', 'action'],
  ...['target', 'act', 'by', 'reason', 'content'],
] as const;

async function* csvText(pages: AsyncIterable<readonly RecordView[]>): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const page of pages) yield page.map((row) => `${csvRow(row)}\r\n`).join('');
}

export function csvRow({ seq, time, record }: RecordView): string {
  const cells: Partial<Record<(typeof COLUMNS)[number], unknown>> = { seq, time, type: record.type };
  if (record.type === 'admin') {
    const { act, by, reason, detail } = record;
    Object.assign(cells, { act, by, reason, content: JSON.stringify(detail) });
  } else if (record.type === 'outcome') {
    const { call, outcome, code, result } = record;
    Object.assign(cells, { call, effect: outcome, code, content: result === undefined ? '' : JSON.stringify(result) });
  } else {
    const { agent, owner, subject, session, call, server, action, target, decision, args } = record;
    const { effect, code, reasons } = decision;
    Object.assign(cells, { agent, owner, subject, session, call, server, action, target, effect, code });
    Object.assign(cells, { reason: reasons.join(' '), content: JSON.stringify(args) });
  }
  return COLUMNS.map((column) => cell(cells[column])).join(',');
}

/** Spreadsheets take a cell that begins like this for a formula, whatever wrote it (full-width forms too): an apostrophe in front makes it text. */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/;

function cell(value: unknown): string {
  const written = value === null || value === undefined ? '' : String(value);
  const text = typeof value !== 'number' && FORMULA.test(written) ? `'${written}` : written;
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
