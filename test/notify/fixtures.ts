import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { ShownRequest } from '../../src/model/approval.ts';
import type { Person } from '../../src/model/person.ts';
import { PERSON_DEFAULTS } from '../../src/model/person.ts';
import type { NoticeMessage } from '../../src/ports/notify.ts';
import type { ApprovalRow } from '../../src/ports/stores.ts';
import { approvalRow } from '../contract/approval-row.ts';

/** A mail server that keeps what it is given. */
export interface MailServer {
  readonly port: number;
  readonly mails: (Email & { readonly to_: readonly string[]; readonly raw: string })[];
  stop(): Promise<void>;
}

export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.key === undefined ? ['STARTTLS'] : [],
    closeTimeout: 100,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks).toString('utf8');
        void PostalMime.parse(raw).then((mail) => {
          mails.push({ ...mail, raw, to_: session.envelope.rcptTo.map(({ address }) => address) });
          done();
        });
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, stop: () => new Promise((stopped) => server.close(() => stopped())) };
}

export interface Got {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A web server that keeps what it is asked. `null`: it never answers. */
export interface WebServer {
  readonly url: string;
  readonly got: Got[];
  answer: (got: Got) => Said | null | Promise<Said | null>;
  stop(): Promise<void>;
}

export async function webServer(answer: WebServer['answer'] = () => ({})): Promise<WebServer> {
  const web = { url: '', got: [] as Got[], answer };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const { method = '', url = '', headers } = request;
      const got = { method, path: url, headers, body: Buffer.concat(chunks) };
      web.got.push(got);
      const said = await web.answer(got);
      if (said === null) return;
      response.writeHead(said.status ?? 200, said.headers ?? {});
      response.end(
        said.body === undefined ? '' : typeof said.body === 'string' ? said.body : JSON.stringify(said.body),
      );
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  web.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(web, {
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((stopped) => server.close(() => stopped()));
    },
  });
}

/** Slack's Web API, as far as it is used, with a workspace of its own. */
export interface SlackServer extends WebServer {
  readonly members: Record<string, unknown>[];
  readonly calls: { readonly method: string; readonly token: string; readonly body: any }[];
  /** Instead of the ordinary answer, once each, by method. */
  readonly next: Map<string, Said[]>;
}

export const TEAM = 'T0WORKSPACE';

export function member(id: string, email: string, more: object = {}): Record<string, unknown> {
  return { id, team_id: TEAM, deleted: false, is_bot: false, is_email_confirmed: true, profile: { email }, ...more };
}

export async function slackServer(): Promise<SlackServer> {
  const members: Record<string, unknown>[] = [];
  const calls: SlackServer['calls'] = [];
  const next: SlackServer['next'] = new Map();
  let ts = 0;
  const web = await webServer(({ path, headers, body }) => {
    const method = path.replace('/api/', '');
    const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
    const text = body.toString('utf8');
    const read = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
    calls.push({ method, token: String(headers.authorization), body: read });
    const planned = next.get(method)?.shift();
    return planned ?? { body: ordinary(method, read) };
  });
  const ordinary = (method: string, body: any): object => {
    if (method === 'auth.test') return { ok: true, team_id: TEAM };
    if (method === 'users.lookupByEmail') {
      const user = members.find((each) => (each.profile as { email: string }).email === body.email);
      return user === undefined ? { ok: false, error: 'users_not_found' } : { ok: true, user };
    }
    if (method === 'users.info') {
      const user = members.find(({ id }) => id === body.user);
      return user === undefined ? { ok: false, error: 'user_not_found' } : { ok: true, user };
    }
    if (method === 'chat.postMessage')
      return { ok: true, channel: body.channel.startsWith('U') ? `D${body.channel}` : body.channel, ts: `17.${++ts}` };
    return { ok: true };
  };
  return Object.assign(web, { members, calls, next });
}

export function person(id: string, over: Partial<Person> = {}): Person {
  return {
    ...PERSON_DEFAULTS,
    id,
    userName: id,
    name: id[0]?.toUpperCase() + id.slice(1),
    email: `${id}@example.com`,
    ...over,
  };
}

export function message(over: Partial<NoticeMessage> = {}): NoticeMessage {
  return {
    ...{ id: 'notice-1', approval: 'approval-1', kind: 'asked', urgent: false, expiresAtMs: null, subject: 'Hello' },
    ...{
      text: 'plain words\n',
      html: '<p>words</p>',
      blocks: [{ type: 'divider' }],
      link: 'https://gw.example/approvals',
    },
    ...{ short: { title: 'Title', body: 'Body' }, event: { type: 'approval.asked', data: { a: 1 } }, replaces: null },
    ...over,
  };
}

export function shown(over: Partial<ShownRequest> = {}): ShownRequest {
  return {
    call: 'call-1',
    agent: { id: 'buyer', name: 'Buyer', owner: 'alice', riskTier: 'low' },
    subject: { id: 'carol', name: 'Carol' },
    ...{ chain: [], purpose: 'buys parts', task: null, action: 'callTool', server: 'erp', target: 'orders.create' },
    arguments: { total: 900, supplier: 'Acme' },
    sentence: [
      { text: 'Order for ' },
      { argument: 'total', value: 900, missing: false },
      { text: ' from ' },
      { argument: 'supplier', value: 'Acme', missing: false },
    ],
    ...{ reviewed: true, touches: null, undo: null, effect: 'write', reversible: false, dataClass: 'internal' },
    ...{ environment: 'production', amount: 9_000_000, currency: 'EUR', origins: [] },
    policy: { reasons: ['orders'], messages: ['Orders over 500 need a person'], version: 'v1' },
    session: { id: 's', startedAtMs: 0, calls: 1, denied: 0, asked: 1, readUntrusted: false, recent: [] },
    watched: false,
    ...over,
  } as ShownRequest;
}

/** A pending request of the test clock's time, for these people. */
export function request(id: string, over: Partial<ApprovalRow> = {}, showing: Partial<ShownRequest> = {}): ApprovalRow {
  return approvalRow(id, { digest: `digest-${id}`, request: JSON.stringify(shown(showing)), ...over });
}
