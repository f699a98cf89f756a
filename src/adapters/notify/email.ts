import { createTransport, type Transporter } from 'nodemailer';
import { NotDelivered, type NoticeChannel, type NoticeMessage, type Recipient } from '../../ports/notify.ts';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** `starttls`: refused where the server has none. `none`: in the clear. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca: string | null;
  readonly auth: { readonly user: string; readonly password: string } | null;
  readonly from: { readonly name: string; readonly address: string };
  /** For tests. */
  readonly timeoutMs?: number;
}

const CONNECTIONS = 4;
const TIMEOUT_MS = 20_000;
const IDLE_MS = 15_000;

/** One plain address: nothing that could become a second recipient, a route or a header. */
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[^\s@<>()[\]\\,;:"\p{Cc}]{1,253}$/u;

/** Submission to a mail server (RFC 6409): plain text and HTML of the same words, nothing that is fetched when it is opened. */
export function emailChannel(options: EmailOptions): NoticeChannel & { close(): void } {
  const transport = createTransport(transportOptions(options));
  return {
    send: (message, to) => send(transport, options, { message, to }),
    close: () => transport.close(),
  };
}

function transportOptions({ host, port, tls, ca, auth, timeoutMs = TIMEOUT_MS }: EmailOptions) {
  return {
    ...{ host, port, pool: true as const, maxConnections: CONNECTIONS, idleTimeout: IDLE_MS },
    ...{ secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === null ? {} : { ca }) },
    ...(auth === null ? {} : { auth: { user: auth.user, pass: auth.password } }),
    ...{ dnsTimeout: timeoutMs, connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true, logger: false },
  };
}

interface Mail {
  readonly message: NoticeMessage;
  readonly to: Recipient;
}

async function send(transport: Transporter, { from, host }: EmailOptions, { message, to }: Mail) {
  const address = to.email;
  if (address === null || !ADDRESS.test(address))
    throw new NotDelivered(
      address === null
        ? `no e-mail address of ${to.person} is known`
        : `the e-mail address of ${to.person} is unusable`,
      {
        permanent: true,
      },
    );
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  try {
    await transport.sendMail({
      from: { name: oneLine(from.name), address: from.address },
      to: { name: oneLine(to.name), address },
      envelope: { from: from.address, to: address },
      subject: oneLine(message.subject),
      text: message.text,
      html: message.html,
      // The same for every attempt: a mailbox that has it can tell.
      messageId: `<${message.id}@${domain}>`,
      ...(message.approval === null ? {} : { references: `<${message.approval}@${domain}>` }),
      headers: {
        // Nobody's out-of-office answers it (RFC 3834 section 5).
        'Auto-Submitted': 'auto-generated',
        'X-Auto-Response-Suppress': 'All',
      },
      ...(message.urgent ? { priority: 'high' as const } : {}),
    });
    return { place: null };
  } catch (error) {
    throw asNotDelivered(error, host);
  }
}

/** What a header says is on one line, whoever wrote it. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').slice(0, 300);
}

interface SmtpError {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
}

/** A recipient or a message refused for good stays refused; a sender, a login or a connection an operator can mend. */
function asNotDelivered(error: unknown, host: string): NotDelivered {
  const { code, command, responseCode, response } = error as SmtpError;
  const final = responseCode !== undefined && responseCode >= 500 && (command === 'RCPT TO' || command === 'DATA');
  const said = response === undefined ? '' : `: ${oneLine(response).slice(0, 200)}`;
  const why = said === '' && error instanceof Error ? `: ${oneLine(error.message).slice(0, 200)}` : said;
  const what = [code, command].filter((part) => part !== undefined && part !== 'API').join(' at ');
  return new NotDelivered(`the mail server ${host} did not take it (${what === '' ? 'unknown' : what})${why}`, {
    permanent: final,
    cause: error,
  });
}
