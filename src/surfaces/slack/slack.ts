import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeTicket, ticketLink } from '../../approvals/delivery/tickets.ts';
import type { Approvals, Voted } from '../../approvals/types.ts';
import { assuranceAtLeast } from '../../model/approval.ts';
import { sha256Base64url } from '../../model/canonical.ts';
import { Fault } from '../../model/fault.ts';
import type { Person } from '../../model/person.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SlackWorkspace } from '../../ports/notify.ts';
import type { ApprovalRow, NoticeStore, ReplayStore } from '../../ports/stores.ts';
import { checkOrigin, type DoorRules, header, readBody } from '../http/door.ts';
import { sendEmpty } from '../mcp/responder.ts';
import { type Click, readClick } from './click.ts';
import { MAX_AGE_MS, whyForged } from './signature.ts';

export interface SlackParts {
  /** `null`: not configured. */
  readonly settings: () => { readonly signingSecret: string; readonly workspace: SlackWorkspace } | null;
  readonly approvals: Pick<Approvals, 'get' | 'vote' | 'mayAnswer'>;
  readonly notices: Pick<NoticeStore, 'add'>;
  readonly replay: ReplayStore;
  /** The active person with that address; `null`: nobody, or not clear who. */
  readonly personWithEmail: (email: string) => Person | null;
  readonly origin: () => string;
  readonly rules: DoorRules;
  readonly clock: Clock;
  readonly log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Answers given with the buttons of messages in Slack. */
export interface SlackDoor {
  serves(path: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Waits for answers that are being taken. */
  close(): Promise<void>;
}

const PATH = '/approvals/slack';
const BODY_BYTES = 65_536;
/** Slack shows an error after three seconds; what takes longer goes on behind the answer. */
const ANSWER_MS = 2_000;

export function slackDoor(parts: SlackParts): SlackDoor {
  const working = new Set<Promise<void>>();
  return {
    serves: (path) => path === PATH,
    async handle(request, response) {
      checkOrigin(request, parts.rules);
      if (request.method !== 'POST') throw new Fault('method-not-allowed', 'Slack posts here');
      const settings = parts.settings();
      if (settings === null) throw new Fault('not-found', 'Not found, or not enabled');
      const click = await read(parts, request, settings.signingSecret);
      if (click !== null) await within(ANSWER_MS, track(working, take(parts, settings.workspace, click)));
      sendEmpty(response, 200);
    },
    async close() {
      await Promise.all(working);
    },
  };
}

/** Signed, of now, and for the first time; else a Fault. `null`: nothing that answers anything, such as a press of a link. */
async function read(parts: SlackParts, request: IncomingMessage, secret: string): Promise<Click | null> {
  const body = await readBody(request, BODY_BYTES);
  const signature = header(request, 'x-slack-signature');
  const timestamp = header(request, 'x-slack-request-timestamp');
  const nowMs = parts.clock.nowMs();
  const forged = whyForged({ body, timestamp, signature }, secret, nowMs);
  if (forged !== null) {
    parts.log.warn({ why: forged }, 'a request that says it is from Slack was refused');
    throw new Fault('unauthenticated', 'This is not a request of Slack’s');
  }
  // Whoever overhears a good request cannot make it again while it is of now.
  const first = await parts.replay.claim(`slack:${signature}`, nowMs + 2 * MAX_AGE_MS);
  if (!first) throw new Fault('unauthenticated', 'This request was made before');
  return readClick(body.toString('utf8'));
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timer);
}

function track(working: Set<Promise<void>>, work: Promise<void>): Promise<void> {
  working.add(work);
  return work.finally(() => working.delete(work));
}

/** Never rejects. */
async function take(parts: SlackParts, workspace: SlackWorkspace, click: Click): Promise<void> {
  const { user, channel } = click;
  const tell = (words: string) => workspace.whisper({ user, channel }, words);
  try {
    await tell(await answered(parts, workspace, click));
  } catch (error) {
    parts.log.error({ err: error, approval: click.approval }, 'an answer given in Slack could not be taken');
    await tell('That did not work, and nothing was answered. Open the request and answer there.').catch(() => {});
  }
}

/** What the member is told. */
async function answered(parts: SlackParts, workspace: SlackWorkspace, click: Click): Promise<string> {
  const person = await whoIs(parts, workspace, click);
  if (person === null)
    return 'Interlock does not know you: your confirmed e-mail address in this workspace belongs to nobody who may answer.';
  const row = await parts.approvals.get(click.approval);
  if (row === null) return 'There is no such request any more.';
  if (!assuranceAtLeast('signed-in', row.requirement.assurance) || row.proposal !== null) {
    const may = parts.approvals.mayAnswer(row, person.id);
    if (!may.ok) return `Not taken: ${may.message}.`;
    return `This request is answered on its page: ${await freshLink(parts, row, person)}`;
  }
  const denied = click.verdict === 'denied';
  const voted = await parts.approvals.vote(row.id, {
    ...{ person: person.id, verdict: click.verdict, digest: click.digest },
    reason: denied ? 'denied in Slack' : '',
    ...{ assurance: 'signed-in', proof: null, arguments: null, standing: null },
  });
  return saying(voted, click);
}

function saying(voted: Voted, { verdict }: Click): string {
  if (!voted.ok) return `Not taken: ${voted.message}.`;
  if (verdict === 'denied') return 'You denied it. The agent is told.';
  return voted.complete ? 'You approved it. It goes on now.' : 'You approved it. Somebody else must approve it too.';
}

/** A full member of the workspace our token is of: whoever comes from a connected one is somebody else’s word. */
async function whoIs(parts: SlackParts, workspace: SlackWorkspace, { team, user }: Click): Promise<Person | null> {
  if (team !== (await workspace.team())) return null;
  const { email } = await workspace.member(user);
  return email === null ? null : parts.personWithEmail(email);
}

/** The link of the message may have been used, or is on another device. */
async function freshLink({ notices, clock, origin }: SlackParts, row: ApprovalRow, person: Person): Promise<string> {
  const ticket = makeTicket();
  const nowMs = clock.nowMs();
  await notices.add([
    {
      id: sha256Base64url(`slack-link\n${ticket.hash}`),
      ...{ approval: row.id, kind: 'asked', channel: 'slack', recipient: person.id, state: 'sent', attempts: 1 },
      ...{ dueMs: nowMs, ticket: ticket.hash, openedAtMs: null, error: null, createdAtMs: nowMs, sentAtMs: nowMs },
      place: null,
    },
  ]);
  return ticketLink(origin(), ticket.secret);
}
