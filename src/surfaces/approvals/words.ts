import { amountText } from '../../model/amount.ts';
import type { Slot, ValueOrigin, Who } from '../../model/approval.ts';
import { visibleText } from '../../model/visible.ts';
import type { ApprovalState } from '../../ports/stores.ts';
import type { ApprovalPageParts } from './options.ts';

/** Words of ours for what the records say with codes. Names people chose are put in by whoever shows them. */

export const EFFECTS: Readonly<Record<string, string>> = {
  read: 'Reads',
  write: 'Changes data',
  destructive: 'Deletes or overwrites',
  external: 'Reaches the outside world',
  credential: 'Touches credentials',
};

export const STATES: Readonly<Record<ApprovalState, readonly [tone: string, words: string]>> = {
  pending: ['warn', 'Waiting for an answer'],
  approved: ['good', 'Approved, not used yet'],
  consumed: ['good', 'Approved and used'],
  denied: ['bad', 'Denied'],
  expired: ['', 'Expired'],
  withdrawn: ['', 'Withdrawn'],
};

export const ORIGINS: Readonly<Record<ValueOrigin['from'], readonly [tone: string, words: string]>> = {
  'untrusted-result': ['bad', 'From content anybody could have written'],
  'tool-result': ['', 'From an earlier result'],
  'earlier-arguments': ['', 'Used before in this session'],
  'nowhere-seen': ['', 'The agent’s own'],
  'not-looked': ['', ''],
};

export const OUTCOMES: Readonly<Record<string, readonly [tone: string, words: string]>> = {
  'under-way': ['', 'under way'],
  ok: ['good', 'done'],
  failed: ['warn', 'failed'],
  unknown: ['warn', 'unknown'],
  refused: ['bad', 'refused'],
};

type Names = Pick<ApprovalPageParts, 'directory'>;

export function nameOf({ directory }: Names, person: string): string {
  return directory.person(person)?.name ?? person;
}

export function slotWords(names: Names, slot: Slot): string {
  const who = slot.who.map((each) => whoWords(names, each)).join(' or ');
  return slot.exceptStarters ? `${who}, but nobody who started it` : who;
}

function whoWords(names: Names, { kind, id }: Who): string {
  switch (kind) {
    case 'owner': {
      const agent = names.directory.agent(id);
      return agent === undefined ? `the owner of ${id}` : `${nameOf(names, agent.owner)}, who owns ${agent.name}`;
    }
    case 'subject':
      return `${nameOf(names, id)}, for whom it is done`;
    case 'person':
      return nameOf(names, id);
    case 'group':
      return `somebody of the group ${id}`;
    case 'role':
      return `somebody with the role ${id}`;
    case 'schedule':
      return `whoever is on duty for ${id}`;
  }
}

/** As people write money. `amount`: ten-thousandths. */
export function amountWords(amount: number, currency: string | null): string {
  return `${amountText(amount)}${currency === null ? '' : ` ${visibleText(currency, { maxChars: 12 })}`}`;
}
