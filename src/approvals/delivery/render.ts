import { assuranceAtLeast, type ShownRequest } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import type { NoticeMessage } from '../../ports/notify.ts';
import type { ApprovalRow, NoticeRow } from '../../ports/stores.ts';
import { type ButtonValue, writeBlocks, writeEnded } from './words/blocks.ts';
import {
  argumentsOf,
  factsOf,
  type Letter,
  line,
  mayTell,
  sentenceLine,
  sentenceOf,
  shownOf,
  text,
  warningsOf,
} from './words/letter.ts';
import { writeHtml, writeText } from './words/write.ts';

const SUBJECT_CHARS = 150;
const TITLE_CHARS = 80;
const BODY_CHARS = 200;

export interface Rendering {
  readonly notice: Pick<NoticeRow, 'id' | 'kind' | 'recipient'>;
  readonly row: ApprovalRow;
  readonly link: string;
  /** Where people open the pages. */
  readonly origin: string;
}

const HEADINGS: Readonly<Partial<Record<NoticeRow['kind'], string>>> = {
  asked: 'Your approval is needed',
  escalated: 'Escalated to you: an approval is needed',
};

const PERSONAL =
  'The link works once and is yours alone: you sign in, see the whole request, and decide. Nothing is approved by opening it.';
const SHARED = 'Only the people who were asked can answer, after they signed in.';

/** A question to people. To one person with what they need to decide; to a place others read, that there is one. */
export function renderAsked({ notice, row, link, origin }: Rendering): NoticeMessage {
  const shown = shownOf(row);
  const personal = notice.recipient !== null;
  const values = shown === null || !personal ? { facts: [], complete: false } : argumentsOf(shown);
  const letter: Letter = {
    heading: personal ? (HEADINGS[notice.kind] ?? 'An approval is needed') : 'An approval is needed',
    sentence:
      shown === null ? [{ text: 'An agent waits for a person', kind: 'plain', argument: null }] : sentenceOf(shown),
    facts: shown === null ? [] : factsOf(shown, row, personal),
    arguments: values.facts,
    warnings: shown === null ? [] : warningsOf(shown, personal),
    note: personal ? PERSONAL : SHARED,
    button: 'Open the request',
    link,
    complete: values.complete,
  };
  return {
    ...written(notice, row, letter),
    blocks: writeBlocks(letter, answerable(row, letter)),
    short: {
      title:
        shown === null
          ? letter.heading
          : cut(`${text(shown.agent.name, 40)}: ${letter.heading.toLowerCase()}`, TITLE_CHARS),
      body: cut(line(letter.sentence), BODY_CHARS),
    },
    event: eventOf(notice, row, { shown, origin }),
    replaces: null,
  };
}

/** Right in the message only where a signed-in person's word is enough, nobody changed it, and all of it was shown. */
function answerable(row: ApprovalRow, { complete }: Letter): ButtonValue | null {
  const enough = complete && row.proposal === null && assuranceAtLeast('signed-in', row.requirement.assurance);
  return enough ? { approval: row.id, digest: row.digest } : null;
}

const ENDINGS: Readonly<Record<ApprovalRow['state'], string>> = {
  pending: 'Waiting',
  approved: 'Approved',
  consumed: 'Approved',
  denied: 'Denied',
  expired: 'Expired: nobody answered in time',
  withdrawn: 'Withdrawn',
};

/** It is over: for programs, and in place of the message that asked. `replaces`: where that is. */
export function renderEnded({ notice, row, link, origin }: Rendering, replaces: string | null): NoticeMessage {
  const shown = shownOf(row);
  const by = row.answeredBy === null || row.state === 'expired' ? '' : ` by ${text(row.answeredBy, 64)}`;
  const letter: Letter = {
    heading: `${ENDINGS[row.state]}${by}`,
    sentence: shown === null ? [{ text: 'A request of an agent', kind: 'plain', argument: null }] : sentenceOf(shown),
    ...{ facts: [], arguments: [], warnings: [], complete: false, button: 'Open the request', link },
    note: 'Nothing is left to answer.',
  };
  return {
    ...written(notice, row, letter),
    blocks: writeEnded(letter),
    short: { title: cut(letter.heading, TITLE_CHARS), body: cut(line(letter.sentence), BODY_CHARS) },
    event: eventOf(notice, row, { shown, origin }),
    replaces,
  };
}

function written(notice: Rendering['notice'], row: ApprovalRow, letter: Letter) {
  return {
    ...{ id: notice.id, approval: row.id, kind: notice.kind, link: letter.link },
    urgent: row.requirement.urgent,
    expiresAtMs: row.expiresAtMs,
    subject: cut(`${letter.heading}: ${line(letter.sentence)}`, SUBJECT_CHARS),
    text: writeText(letter),
    html: writeHtml(letter),
  };
}

export interface Grouping {
  readonly id: string;
  readonly count: number;
  /** There are more than were counted. */
  readonly more: boolean;
  readonly origin: string;
}

/** One message in place of many: an approver who is flooded stops reading. */
export function renderGrouped({ id, count, more, origin }: Grouping): NoticeMessage {
  const many = `${count}${more ? ' or more' : ''} ${count === 1 && !more ? 'request waits' : 'requests wait'} for you`;
  return plainMessage({
    ...{ id, kind: 'grouped', heading: many, link: `${origin}/approvals`, button: 'Open your inbox' },
    sentence: 'Agents asked for more approvals than are sent one by one.',
    note: 'You are told of requests one by one again when fewer come. Take your time: what nobody answers is not done.',
  });
}

/** To try a channel. */
export function renderTest(id: string, origin: string): NoticeMessage {
  return plainMessage({
    ...{ id, kind: 'test', heading: 'A test message', link: `${origin}/approvals`, button: 'Open your inbox' },
    sentence: 'Interlock reaches you here. Nothing waits for you because of this message.',
    note: 'An operator sent it with: interlock approvals test-notice',
  });
}

interface Plain {
  readonly id: string;
  readonly kind: 'grouped' | 'test';
  readonly heading: string;
  readonly sentence: string;
  readonly link: string;
  readonly button: string;
  readonly note: string;
}

function plainMessage({ id, kind, heading, sentence, link, button, note }: Plain): NoticeMessage {
  const letter: Letter = {
    sentence: [{ text: sentence, kind: 'plain', argument: null }],
    ...{ heading, link, button, note, facts: [], arguments: [], warnings: [], complete: false },
  };
  return {
    ...{ id, kind, approval: null, urgent: false, expiresAtMs: null, link, replaces: null },
    subject: heading,
    text: writeText(letter),
    html: writeHtml(letter),
    blocks: writeBlocks(letter, null).filter(({ type, elements }) => type !== 'rich_text' || hasText(elements)),
    short: { title: cut(heading, TITLE_CHARS), body: cut(sentence, BODY_CHARS) },
    event: { type: `notice.${kind}`, data: { text: heading, url: link } },
  };
}

function hasText(elements: unknown): boolean {
  return (elements as { elements: unknown[] }[]).some((each) => each.elements.length > 0);
}

/** For programs. No arguments: whoever may see them opens the request. */
function eventOf(
  { kind }: Rendering['notice'],
  row: ApprovalRow,
  { shown, origin }: { shown: ShownRequest | null; origin: string },
): JsonObject {
  const ended = row.state !== 'pending';
  return {
    type: `approval.${kind}`,
    timestamp: new Date(row.answeredAtMs ?? row.requestedAtMs).toISOString(),
    data: {
      ...{ approval: row.id, kind: row.kind, state: row.state, agent: row.agent, subject: row.subject },
      ...{ server: shown?.server ?? null, target: shown !== null && mayTell(shown) ? shown.target : null },
      sentence: shown === null ? null : sentenceLine(shown),
      ...{ asks: [...row.askWhom], urgent: row.requirement.urgent, digest: row.digest },
      requestedAt: new Date(row.requestedAtMs).toISOString(),
      expiresAt: new Date(row.expiresAtMs).toISOString(),
      ...(ended
        ? { answeredBy: row.answeredBy, outcome: ENDINGS[row.state].split(':', 1)[0]?.toLowerCase() ?? '' }
        : {}),
      url: `${origin}/approvals/${row.id}`,
    },
  };
}

function cut(value: string, maxChars: number): string {
  const points = [...value];
  return points.length <= maxChars ? value : `${points.slice(0, maxChars - 1).join('')}…`;
}
