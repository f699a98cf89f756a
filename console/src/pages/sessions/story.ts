import type { CallView, SessionView } from '../../../../src/model/insight/records.ts';

/** What one session or transaction tells, from all pages that are there. */
export type Story = Omit<SessionView, 'next'>;

export function joinPages(pages: readonly SessionView[]): Story {
  const calls = new Map<string, CallView>();
  const acts = new Map<number, SessionView['acts'][number]>();
  const links = new Map<string, SessionView['links'][number]>();
  for (const page of pages) {
    for (const call of page.calls) calls.set(call.call, call);
    for (const act of page.acts) acts.set(act.seq, act);
    for (const link of page.links) links.set(`${link.from} ${link.to} ${link.kind}`, link);
  }
  return {
    id: pages[0]?.id ?? '',
    calls: [...calls.values()].sort((a, b) => a.seq - b.seq),
    acts: [...acts.values()].sort((a, b) => a.seq - b.seq),
    links: [...links.values()],
  };
}

export interface StoryFilter {
  readonly words?: string | undefined;
  readonly effect?: string | undefined;
  readonly agent?: string | undefined;
}

/** The calls that fit all of it. Words: in names, codes, reasons, and in arguments where they may be seen. */
export function chosen(calls: readonly CallView[], { words, effect, agent }: StoryFilter): readonly CallView[] {
  const wanted = (words ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0 && effect === undefined && agent === undefined) return calls;
  return calls.filter(
    (call) =>
      (effect === undefined || call.effect === effect) &&
      (agent === undefined || call.agent === agent) &&
      wanted.every((word) => textOf(call).includes(word)),
  );
}

function textOf(call: CallView): string {
  const { agent, server, target, action, code, outcomeCode, reasons } = call;
  const content = call.argsHidden ? '' : JSON.stringify(call.args);
  return [agent, server, target, action, code, outcomeCode, reasons.join(' '), call.call, content]
    .join(' ')
    .toLowerCase();
}

/** What a call came from and what came of it. */
export function around(
  id: string,
  links: Story['links'],
): { readonly causes: Story['links']; readonly effects: Story['links'] } {
  return { causes: links.filter(({ to }) => to === id), effects: links.filter(({ from }) => from === id) };
}

export const LINK_WORDS = {
  delegated: 'handed on by',
  data: 'uses a value from',
  approval: 'approved through',
} as const;
