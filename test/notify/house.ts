import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoCompany, startDemoCompany } from '../../examples/demo-company/server.ts';
import { CONNECT, type House, openHouse, type RawAnswer } from '../cases/house.ts';
import { Browser } from '../cases/people.ts';
import {
  type MailServer,
  mailServer,
  member,
  type Said,
  type SlackServer,
  slackServer,
  TEAM,
  type WebServer,
  webServer,
} from './fixtures.ts';

const SIGNING_SECRET = 'slack-signing-secret';

/** A gateway whose questions go to carol and dave of finance, and everything they are reached by. */
export interface NoticeHouse {
  readonly house: House;
  readonly mail: MailServer;
  readonly slack: SlackServer;
  readonly hook: WebServer;
  readonly hookSecret: Buffer;
  readonly push: WebServer;
  readonly pending: () => Promise<readonly Row[]>;
  readonly notices: (id: string) => Promise<readonly Told[]>;
  /** Presses a button as Slack would say that somebody did. */
  press(click: Press): Promise<RawAnswer>;
  /** A browser in which that person is signed in. */
  signedIn(person: string): Promise<{ readonly browser: Browser; readonly csrf: string }>;
  stop(): Promise<void>;
}

export interface Row {
  readonly id: string;
  readonly digest: string;
  readonly requirement: { readonly assurance: string };
}

export interface Told {
  readonly channel: string;
  readonly recipient: string | null;
  readonly kind: string;
  readonly state: string;
  readonly attempts: number;
  readonly error: string | null;
  readonly openedAtMs: number | null;
  readonly hasLink: boolean;
}

export interface Press {
  readonly user: string;
  readonly action: string;
  readonly value: object;
  readonly team?: string;
  /** Changes what is sent. */
  readonly over?: (sent: Sent) => Partial<Sent>;
}

export interface Sent {
  readonly body: string;
  readonly timestamp: string;
  readonly signature: string;
}

export function slackSigned(body: string, timestamp: string, secret = SIGNING_SECRET): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

export interface NoticeHouseOptions {
  readonly assurance?: 'signed-in' | 'passkey' | 'operator';
  /** More YAML in `approvals:`, flow style, with a comma in front. */
  readonly approvals?: string;
  readonly limits?: string;
  readonly dataClass?: string;
}

export async function openNoticeHouse(options: NoticeHouseOptions = {}): Promise<NoticeHouse> {
  const dir = await mkdtemp(join(tmpdir(), 'interlock-notices-'));
  const company: DemoCompany = await startDemoCompany({ port: 0, dbPath: join(dir, 'company.db') });
  const [mail, slack, hook, push] = await Promise.all([
    mailServer(),
    slackServer(),
    webServer(() => ({ status: 204 })),
    webServer((): Said => ({ status: 201 })),
  ]);
  const hookSecret = randomBytes(32);
  slack.members.push(member('U0CAROL', 'carol@example.com'), member('U0DAVE', 'dave@example.com'));
  const house = await openHouse({
    people: `  carol: { name: Carol, email: carol@example.com, groups: [finance] }\n  dave: { name: Dave, email: dave@example.com, groups: [finance] }\n`,
    servers: `  erp:\n    url: ${company.urls.erp}\n    tools: { "*": { effect: write, dataClass: ${options.dataClass ?? 'internal'}, facts: { amount: /total } } }\n`,
    policies: {
      'a.cedar': `${CONNECT}\n@ask("group:finance") permit(principal, action == Action::"tools/call", resource);`,
    },
    extra: `${options.limits ?? ''}
approvals:
  { waitMs: 15000, expireMs: 600000, assurance: ${options.assurance ?? 'signed-in'}${options.approvals ?? ''}, notify: {
    email: { smtp: "smtp://127.0.0.1:${mail.port}", tls: none, from: "Interlock <gw@example.com>" },
    slack: { botToken: "xoxb-1-test", signingSecret: "${SIGNING_SECRET}", channel: C0APPROVE, apiUrl: "${slack.url}/api" },
    webhook: { url: "${hook.url}/in", secret: "whsec_${hookSecret.toString('base64')}" },
    webPush: { contact: "mailto:ops@example.com", trustedOrigins: ["${push.url}"] } } }`,
  });
  const signedIn = async (person: string) => {
    const { body } = await house.admin<{ url: string }>('POST', `/v1/people/${person}/invitations`, {
      ...{ by: 'operator', reason: 'test' },
    });
    const browser = new Browser();
    const csrfOf = (page: string): string => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const page = await (await browser.get(body.url)).text();
    const password = 'violet tractor 9 lamp';
    await browser.post(`${body.url}/password`, { csrf: csrfOf(page), password });
    return { browser, csrf: csrfOf(await (await browser.get(`${house.url}/account`)).text()) };
  };
  return {
    ...{ house, mail, slack, hook, hookSecret, push, signedIn },
    pending: async () => (await house.admin<{ items: Row[] }>('GET', '/v1/approvals?state=pending')).body.items,
    notices: async (id) => (await house.admin<{ items: Told[] }>('GET', `/v1/approvals/${id}/notices`)).body.items,
    press: ({ user, action, value, team = TEAM, over }) => {
      const payload = {
        ...{ type: 'block_actions', team: { id: team }, user: { id: user }, channel: { id: `D${user}` } },
        actions: [
          {
            type: 'button',
            action_id: action,
            value: JSON.stringify(value),
            action_ts: randomBytes(8).toString('hex'),
          },
        ],
      };
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const timestamp = String(Math.floor(Date.now() / 1000));
      const first = { body, timestamp, signature: slackSigned(body, timestamp) };
      const sent: Sent = { ...first, ...over?.(first) };
      return house.raw({
        ...{ path: '/approvals/slack', body: sent.body },
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-slack-request-timestamp': sent.timestamp,
          'x-slack-signature': sent.signature,
        },
      });
    },
    async stop() {
      await house.stop();
      await Promise.all([mail.stop(), slack.stop(), hook.stop(), push.stop(), company.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const order = (total: number, item = 'LAP-14') => ({
  name: 'orders.create',
  arguments: { supplier: 'northwind', item, quantity: 1, total, currency: 'EUR' },
});
