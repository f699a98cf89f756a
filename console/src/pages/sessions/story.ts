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

/** What every client says when it connects, where it was let through: it tells nothing of what was done. */
export function onlyConnects({ action, effect, outcome }: CallView): boolean {
  return (action === 'initialize' || action === 'notifications') && effect === 'permit' && outcome === 'ok';
}

/** The calls one looks at: without those that only connect, unless there are no others, or one of them is asked for. */
export function worthwhile(
  calls: readonly CallView[],
  { connecting, at }: { readonly connecting: boolean; readonly at: string | null | undefined },
): readonly CallView[] {
  if (connecting || calls.some((call) => call.call === at && onlyConnects(call))) return calls;
  const rest = calls.filter((call) => !onlyConnects(call));
  return rest.length === 0 ? calls : rest;
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

/** What a call came from, and what used it. Whole strands that followed are drawn as such already. */
export function nearTo(id: string, links: Story['links']): ReadonlySet<string> {
  const { causes, effects } = around(id, links);
  return new Set([
    ...causes.map(({ from }) => from),
    ...effects.flatMap(({ to, kind }) => (kind === 'delegated' ? [] : [to])),
  ]);
}

/** Agents a call's work was handed on to, with what they did of it; the calls that only connect are not counted. */
export function handedTo(
  effects: Story['links'],
  calls: readonly CallView[],
): readonly { readonly agent: string; readonly first: string; readonly count: number }[] {
  const to = new Set(effects.flatMap((link) => (link.kind === 'delegated' ? [link.to] : [])));
  const found = Map.groupBy(
    calls.filter((call) => to.has(call.call) && !onlyConnects(call)),
    ({ agent }) => agent,
  );
  return [...found].map(([agent, made]) => ({ agent, first: made[0]!.call, count: made.length }));
}

export const LINK_WORDS = {
  delegated: 'handed on by',
  data: 'uses a value from',
  approval: 'approved through',
} as const;
