import type { PostureAnswer } from '../../../../model/insight/overview.ts';

/** What a check says; its id and question stand beside it. */
export type Said = Pick<PostureAnswer, 'state' | 'answer'> & { readonly advice?: string; readonly href?: string };

export function good(answer: string, href?: string): Said {
  return { state: 'good', answer, ...(href === undefined ? {} : { href }) };
}

export function warn(answer: string, advice: string, href?: string): Said {
  return { state: 'warn', answer, advice, ...(href === undefined ? {} : { href }) };
}

export function bad(answer: string, advice: string, href?: string): Said {
  return { state: 'bad', answer, advice, ...(href === undefined ? {} : { href }) };
}

/** `3 agents`, `1 agent`. */
export function many(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** A few by name. */
export function named(ids: readonly string[], total = ids.length): string {
  const shown = ids.slice(0, 5).join(', ');
  return total > 5 ? `${shown} and ${total - 5} more` : shown;
}
