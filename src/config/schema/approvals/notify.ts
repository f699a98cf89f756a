import { type Static, Type } from 'typebox';
import type { Finding, Path } from '../../source/problem.ts';

const closed = { additionalProperties: false } as const;
const REPLACED = '${NAME} and ${file:/path} are replaced.';
const SLACK_API = 'https://slack.com/api';
const PORTS = { implicit: 465, starttls: 587, none: 25 } as const;

const text = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, description }));

const EmailSchema = Type.Object(
  {
    smtp: text(500, `The mail server in one: smtps://user@host:465, or smtp://host:587 with STARTTLS. ${REPLACED}`),
    host: text(253, 'Or in parts: its name.'),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'Default: by tls, 587, 465 or 25.' })),
    tls: Type.Optional(
      Type.Enum(['starttls', 'implicit', 'none'], {
        default: 'starttls',
        description:
          'starttls: refused where the server has none. implicit: TLS from the first byte. none: in the clear.',
      }),
    ),
    ca: text(65_536, `PEM of the authorities to trust instead of the system’s, usually \${file:/path}. ${REPLACED}`),
    user: text(320, `Who signs in there. ${REPLACED}`),
    password: text(1_000, `With what. ${REPLACED}`),
    from: Type.String({
      minLength: 3,
      maxLength: 320,
      description: 'Sender: interlock@example.com, or Interlock <interlock@example.com>.',
    }),
  },
  { ...closed, description: 'Mail to approvers that have an address.' },
);

const SlackSchema = Type.Object(
  {
    botToken: Type.String({ minLength: 1, maxLength: 500, description: `Bot token (xoxb-…). ${REPLACED}` }),
    signingSecret: Type.String({
      minLength: 1,
      maxLength: 500,
      description: `Signing secret of the app: answers given in Slack are checked with it. ${REPLACED}`,
    }),
    channel: Type.Optional(
      Type.String({
        pattern: '^[CG][A-Z0-9]{5,20}$',
        description: 'Id of a channel that is told besides people. Left out: people alone.',
      }),
    ),
    apiUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s?#]+[^\\s?#/]$',
        maxLength: 500,
        default: SLACK_API,
        description: 'Where Slack’s Web API is, for workspaces of a kind of their own.',
      }),
    ),
  },
  { ...closed, description: 'Slack messages to approvers, found by their e-mail address.' },
);

const WebhookSchema = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2_000, description: `Told by POST, as JSON. ${REPLACED}` }),
    secret: Type.String({
      minLength: 1,
      maxLength: 500,
      description: `Signs every message (Standard Webhooks): whsec_ and base64 of 24 to 64 bytes. ${REPLACED}`,
    }),
  },
  { ...closed, description: 'A program that is told of every request and its end.' },
);

const WebPushSchema = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({ default: true, description: 'Approvers may have notifications in their browsers.' }),
    ),
    contact: Type.String({
      pattern: '^(mailto:[^\\s@]+@[^\\s@]+|https://[^\\s]+)$',
      maxLength: 500,
      description: 'Whom push services write to when something is wrong: mailto:ops@example.com.',
    }),
    trustedOrigins: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/?#\\s]+$', maxLength: 500 }), {
        maxItems: 20,
        uniqueItems: true,
        default: [],
        description: 'Push services of your own, which may have private addresses.',
      }),
    ),
  },
  { ...closed, description: 'Notifications in browsers, encrypted to them.' },
);

export const NotifySchema = Type.Object(
  {
    email: Type.Optional(EmailSchema),
    slack: Type.Optional(SlackSchema),
    webhook: Type.Optional(WebhookSchema),
    webPush: Type.Optional(WebPushSchema),
  },
  { ...closed, description: 'How approvers are reached besides the approval page. Left out: not at all.' },
);

export type RawNotify = Static<typeof NotifySchema>;

/** Fields whose references are replaced. */
const SECRETS: ReadonlySet<string> = new Set([
  ...['email.smtp', 'email.ca', 'email.user', 'email.password'],
  ...['slack.botToken', 'slack.signingSecret', 'webhook.url', 'webhook.secret'],
]);

export function isNotifySecret(path: Path): boolean {
  const [, , channel, field] = path;
  return path.length === 4 && SECRETS.has(`${channel}.${field}`);
}

export interface NotifyConfig {
  readonly email: EmailConfig | null;
  readonly slack: {
    readonly botToken: string;
    readonly signingSecret: string;
    readonly channel: string | null;
    readonly apiUrl: string;
  } | null;
  readonly webhook: {
    readonly url: string;
    /** base64 of the key itself. */
    readonly key: string;
  } | null;
  readonly webPush: { readonly contact: string; readonly trustedOrigins: readonly string[] } | null;
}

export interface EmailConfig {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly ca: string | null;
  readonly auth: { readonly user: string; readonly password: string } | null;
  readonly from: { readonly name: string; readonly address: string };
}

interface Resolving {
  readonly secret: (text: string, path: Path) => string;
  readonly findings: Finding[];
}

/** References replaced and texts taken apart; what is then unusable is a finding. */
export function resolveNotify(raw: RawNotify | undefined, resolving: Resolving): NotifyConfig {
  const { email, slack, webhook, webPush } = raw ?? {};
  return {
    email: email === undefined ? null : resolveEmail(email, resolving),
    slack: slack === undefined ? null : resolveSlack(slack, resolving),
    webhook: webhook === undefined ? null : resolveWebhook(webhook, resolving),
    webPush:
      webPush === undefined || webPush.enabled === false
        ? null
        : { contact: webPush.contact, trustedOrigins: webPush.trustedOrigins ?? [] },
  };
}

type RawEmail = NonNullable<RawNotify['email']>;

function resolveEmail(raw: RawEmail, { secret, findings }: Resolving): EmailConfig {
  const read = (field: 'smtp' | 'ca' | 'user' | 'password'): string | null => {
    const written = raw[field];
    return written === undefined ? null : secret(written, at('email', field));
  };
  const server = serverOf(raw, read('smtp'));
  const user = read('user') ?? server?.user ?? null;
  const password = read('password') ?? server?.password ?? null;
  const from = parseSender(raw.from);
  if (server === null)
    findings.push(
      bad('email', 'smtp', 'is no address of a mail server', 'write e.g. smtps://user@mail.example.com:465'),
    );
  if (from === null)
    findings.push(bad('email', 'from', 'is no sender', 'write e.g. Interlock <interlock@example.com>'));
  if ((user === null) !== (password === null)) {
    const [there, absent] = user === null ? (['password', 'user'] as const) : (['user', 'password'] as const);
    findings.push(
      bad(
        'email',
        there in raw ? there : 'smtp',
        `is given without a ${absent}`,
        `add approvals.notify.email.${absent}`,
      ),
    );
  }
  const { host, port, tls } = server ?? { host: '', port: 0, tls: 'starttls' as const };
  if (tls === 'none' && password !== null && !isLoopbackName(host))
    findings.push(bad('email', 'password', 'would go over the network in the clear', 'use tls: starttls or implicit'));
  return {
    ...{ host, port, tls, ca: read('ca') },
    auth: user === null || password === null ? null : { user, password },
    from: from ?? { name: '', address: '' },
  };
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly tls: EmailConfig['tls'];
  readonly user?: string | null;
  readonly password?: string | null;
}

function serverOf(raw: RawEmail, smtp: string | null): Server | null {
  if (smtp === null) {
    const tls = raw.tls ?? 'starttls';
    return raw.host === undefined ? null : { host: raw.host, port: raw.port ?? PORTS[tls], tls };
  }
  const url = URL.parse(smtp);
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '') return null;
  const tls = url.protocol === 'smtps:' ? 'implicit' : (raw.tls ?? 'starttls');
  const [user, password] = [decoded(url.username), decoded(url.password)];
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? PORTS[tls] : Number(url.port),
    tls,
    user,
    password,
  };
}

function decoded(part: string): string | null {
  try {
    return part === '' ? null : decodeURIComponent(part);
  } catch {
    return null;
  }
}

function resolveSlack(
  raw: NonNullable<RawNotify['slack']>,
  { secret, findings }: Resolving,
): NonNullable<NotifyConfig['slack']> {
  const botToken = secret(raw.botToken, at('slack', 'botToken')).trim();
  if (botToken !== '' && !/^xox[a-z]+-[A-Za-z0-9-]+$/.test(botToken))
    findings.push(
      bad('slack', 'botToken', 'is no token of Slack', 'copy the "Bot User OAuth Token" of the app (xoxb-…)'),
    );
  const signingSecret = secret(raw.signingSecret, at('slack', 'signingSecret')).trim();
  return { botToken, signingSecret, channel: raw.channel ?? null, apiUrl: raw.apiUrl ?? SLACK_API };
}

function resolveWebhook(
  raw: NonNullable<RawNotify['webhook']>,
  { secret, findings }: Resolving,
): NonNullable<NotifyConfig['webhook']> {
  const url = secret(raw.url, at('webhook', 'url')).trim();
  if (url !== '' && !/^https?:\/\/[^\s]+$/.test(url))
    findings.push(bad('webhook', 'url', 'is no address', 'write e.g. https://hooks.example.com/interlock'));
  const written = secret(raw.secret, at('webhook', 'secret')).trim();
  const key = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(written)?.[1] ?? '';
  const bytes = Buffer.from(key, 'base64').length;
  if (written !== '' && (bytes < 24 || bytes > 64))
    findings.push(
      bad('webhook', 'secret', 'is not whsec_ and 24 to 64 bytes', 'make one: echo "whsec_$(openssl rand -base64 32)"'),
    );
  return { url, key };
}

/** `Name <address>`, or an address. */
function parseSender(text: string): { readonly name: string; readonly address: string } | null {
  const match = /^(?:\s*"?([^"<>\p{Cc}]*?)"?\s*<)?([^\s@<>,;:"()\p{Cc}]{1,64}@[^\s@<>,;:"()\p{Cc}]{1,253})>?\s*$/u.exec(
    text,
  );
  if (match === null || text.includes('<') !== text.trimEnd().endsWith('>')) return null;
  return { name: match[1] ?? 'Interlock', address: match[2] as string };
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function at(channel: keyof RawNotify, field: string): Path {
  return ['approvals', 'notify', channel, field];
}

function bad(channel: keyof RawNotify, field: string, what: string, help: string): Finding {
  return { path: at(channel, field), at: 'value', message: `approvals.notify.${channel}.${field} ${what}`, help };
}
