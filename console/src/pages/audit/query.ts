import type { Search } from '../../router.tsx';

/** Filters that must fit exactly, as `name:value` in the search box and as chips below it. */
export const FIELDS = {
  type: 'Kind of record',
  effect: 'Decision',
  agent: 'Agent',
  person: 'Person',
  session: 'Session',
  call: 'Call',
  server: 'Server',
  tool: 'Tool',
  act: 'Act',
  txn: 'Transaction',
} as const;
export type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];

/** Of those fields, the ones with few values. */
export const VALUES: Readonly<Partial<Record<Field, readonly (readonly [string, string])[]>>> = {
  type: [
    ['intent', 'Permitted call'],
    ['refusal', 'Call that did not go on'],
    ['outcome', 'Outcome'],
    ['admin', 'Administrative act'],
  ],
  effect: [
    ['permit', 'Permitted'],
    ['ask', 'Asked'],
    ['deny', 'Denied'],
  ],
};

export interface Typed {
  readonly words: string;
  readonly filters: Readonly<Partial<Record<Field, string>>>;
}

/** Takes `agent:buyer` and `reason:"two words"` out of what somebody typed; what is left are words. */
export function readTyped(text: string): Typed {
  const filters: Partial<Record<Field, string>> = {};
  const words = text.replace(
    /(^|\s)(\w+):("([^"]*)"|\S+)/g,
    (whole, before: string, name: string, value: string, quoted?: string) => {
      if (!NAMES.includes(name as Field)) return whole;
      const given = quoted ?? value;
      if (given === '' || !allowed(name as Field, given)) return whole;
      filters[name as Field] = given;
      return before;
    },
  );
  return { words: words.replaceAll(/\s+/g, ' ').trim(), filters };
}

function allowed(field: Field, value: string): boolean {
  return VALUES[field]?.some(([each]) => each === value) ?? true;
}

export interface Chip {
  readonly field: Field;
  readonly value: string;
}

export function chipsOf(search: Search): readonly Chip[] {
  return NAMES.flatMap((field) => {
    const value = search[field];
    return value === undefined || value === '' ? [] : [{ field, value }];
  });
}

/** For the API. */
export function filtersOf(search: Search): Readonly<Record<string, string | undefined>> {
  return { q: search.q, ...Object.fromEntries(chipsOf(search).map(({ field, value }) => [field, value])) };
}

export function valueWords({ field, value }: Chip): string {
  return VALUES[field]?.find(([each]) => each === value)?.[1] ?? value;
}
