import type { NoticeRow } from '../../ports/stores.ts';
import type { Notice } from '../../surfaces/admin/notices.ts';
import { adminClient, everyItem } from '../operate/admin-client.ts';
import { locate } from '../operate/locate.ts';
import { type Context, operatorName } from '../shell/context.ts';
import { CliError, EXIT } from '../shell/exit.ts';
import type { Tone } from '../shell/terminal.ts';
import { isoTime } from '../shell/text.ts';
import { findByBeginning, openClient } from './client.ts';

const CHANNELS = ['email', 'slack', 'web-push', 'webhook'];
/** A mail server may take its time. */
const TEST_TIMEOUT_MS = 60_000;

const TONES: Readonly<Record<NoticeRow['state'], Tone>> = { waiting: 'warn', sent: 'good', failed: 'bad' };

/** What became of the messages about one request. */
export async function listNotices(context: Context, id: string): Promise<void> {
  const client = await openClient(context);
  const row = await findByBeginning(client, id);
  const path = `/v1/approvals/${encodeURIComponent(row.id)}/notices`;
  const notices = await everyItem<Notice>(client, path);
  context.terminal.value({ approval: row.id, items: notices });
  if (notices.length === 0) return context.terminal.line('nobody was told: approvals.notify names no channel for them');
  context.terminal.table(
    ['channel', 'to', 'what', 'state', 'tries', 'sent or due', 'opened', 'why'],
    notices.map((notice) => [
      notice.channel,
      notice.recipient ?? '-',
      notice.kind,
      { text: notice.state, tone: TONES[notice.state] },
      String(notice.attempts),
      isoTime(notice.sentAtMs ?? notice.dueMs),
      notice.openedAtMs === null ? null : isoTime(notice.openedAtMs),
      notice.error,
    ]),
  );
}

export interface TestOptions {
  readonly channel?: string;
  readonly to?: string;
  readonly by?: string;
}

/** Sends one message now, and says what happened. */
export async function testNotice(context: Context, { channel = '', to, by }: TestOptions): Promise<void> {
  if (!CHANNELS.includes(channel))
    throw new CliError(EXIT.usage, channel === '' ? 'which channel?' : `"${channel}" is no channel`, {
      help: `add --channel with one of ${CHANNELS.join(', ')}`,
    });
  if (to === undefined && (channel === 'email' || channel === 'web-push'))
    throw new CliError(EXIT.usage, 'to whom?', { help: 'add --to with the id of a person' });
  const client = adminClient({ socket: (await locate(context)).socket, timeoutMs: TEST_TIMEOUT_MS });
  const body = { channel, by: operatorName(by), ...(to === undefined ? {} : { to }) };
  const { place } = await client.post<{ readonly place: string | null }>('/v1/notices/test', body);
  context.terminal.value({ channel, to: to ?? null, delivered: true, place });
  const where = to === undefined ? 'the place it is configured for' : to;
  context.terminal.line(`delivered: ${channel} to ${where}`, 'good');
}
