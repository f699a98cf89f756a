import { ArrowLeft, BadgeCheck } from 'lucide-react';
import { useRef } from 'react';
import type { ApprovalLine } from '../../../../src/model/insight/approvals.ts';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Choice, SearchBox } from '../../kit/field.tsx';
import { useKeys } from '../../kit/keys.ts';
import { Empty, Failed, Loading } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Kbd, visible } from '../../kit/text.tsx';
import { useFilters } from '../../use-filters.ts';
import { usePages } from '../../use-pages.ts';
import { ApprovalDetail, answerPage } from './detail.tsx';
import { ApprovalList } from './list.tsx';
import { useWide } from './parts.tsx';
import { STATES } from './words.ts';

const TABS = ['mine', 'pending', 'history'] as const;
type Of = (typeof TABS)[number];
const EVERY_MS = 4_000;

/** What agents wait for, to go through with the keyboard. It is answered on the gateway's own page, which leads back here. */
export function ApprovalsPage() {
  const [search, set] = useFilters();
  const of: Of = TABS.find((tab) => tab === search.tab) ?? 'mine';
  const words = { agent: search.agent, text: search.q };
  const mine = usePages<ApprovalLine>('/v1/approvals/inbox', { of: 'mine', ...words }, { everyMs: EVERY_MS });
  const pending = usePages<ApprovalLine>('/v1/approvals/inbox', { of: 'pending', ...words }, { everyMs: EVERY_MS });
  const waits = mine.rows.length;
  return (
    <>
      <PageHead
        title="Approvals"
        lead={
          mine.data === undefined
            ? 'What agents wait for.'
            : waits === 0
              ? 'Nothing waits for you.'
              : waits === 1
                ? 'One request waits for you.'
                : `${waits} requests wait for you.`
        }
        actions={
          <Button asChild>
            <a href="/approvals/standing">Standing approvals</a>
          </Button>
        }
      />
      <p role="status" className="sr-only">
        {mine.data !== undefined && `${waits} waiting for you`}
      </p>
      <Tabs
        label="Approvals"
        value={of}
        onChange={(tab) => set({ tab: tab === 'mine' ? null : tab, id: null, state: null })}
        tabs={[
          { id: 'mine', label: <Counted words="For you" of={mine} />, content: <Inbox of="mine" pages={mine} /> },
          {
            id: 'pending',
            label: <Counted words="All waiting" of={pending} />,
            content: <Inbox of="pending" pages={pending} />,
          },
          { id: 'history', label: 'History', content: of === 'history' ? <History /> : null },
        ]}
      />
    </>
  );
}

type Pages = ReturnType<typeof usePages<ApprovalLine>>;

function Counted({ words, of }: { words: string; of: Pages }) {
  return (
    <>
      {words}
      {of.rows.length > 0 && (
        <span className="tabular rounded-full bg-sunk px-1.5 text-xs text-soft">
          {of.rows.length}
          {of.hasNextPage && '+'}
        </span>
      )}
    </>
  );
}

function History() {
  const [search] = useFilters();
  const { agent, q: text, state } = search;
  const pages = usePages<ApprovalLine>(
    '/v1/approvals/inbox',
    { of: 'history', agent, text, state },
    { everyMs: 15_000 },
  );
  return <Inbox of="history" pages={pages} />;
}

/** List, and beside it what is chosen; on a phone one after the other. */
function Inbox({ of, pages }: { of: Of; pages: Pages }) {
  const [search, set] = useFilters();
  const wide = useWide();
  const box = useRef<HTMLDivElement>(null);
  const { rows } = pages;
  const here = search.id ?? null;
  // Beside a list something is always open; what was answered meanwhile stays until somebody moves on, and so does what is being read
  // when something else comes first.
  const first = useFirst(
    rows[0]?.id ?? null,
    `${of} ${search.q} ${search.agent} ${search.state}`,
    pages.isPlaceholderData,
  );
  const at = here ?? (wide ? first : null);
  const choose = (id: string): void => set({ id });
  const enter = (row: ApprovalLine): void => {
    if (row.mine) window.location.assign(answerPage(row.id));
    else choose(row.id);
  };
  const step = (by: number) => () => {
    const index = rows.findIndex(({ id }) => id === at);
    const next = rows[Math.max(0, Math.min(rows.length - 1, here === null && by > 0 && index < 1 ? 0 : index + by))];
    if (next !== undefined) choose(next.id);
    box.current?.focus();
  };
  useKeys({
    j: step(1),
    k: step(-1),
    ...Object.fromEntries(
      TABS.map((tab, i) => [String(i + 1), () => set({ tab: i === 0 ? null : tab, id: null, state: null })]),
    ),
  });
  if (!wide && here !== null)
    return (
      <>
        <Button look="quiet" size="small" className="mb-3" onClick={() => set({ id: null })}>
          <ArrowLeft aria-hidden /> Back to the list
        </Button>
        <ApprovalDetail id={here} />
      </>
    );
  return (
    <>
      <Filters of={of} rows={rows} />
      {pages.error !== null && pages.data === undefined ? (
        <Failed error={pages.error} retry={() => void pages.refetch()} />
      ) : pages.data === undefined ? (
        <Loading lines={8} />
      ) : rows.length === 0 && here === null ? (
        <Nothing of={of} />
      ) : (
        <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(20rem,26rem)_minmax(0,1fr)]">
          <div className="lg:sticky lg:top-7">
            <ApprovalList
              label={LABELS[of]}
              {...{ rows, at, box }}
              onChoose={choose}
              onEnter={enter}
              more={pages.more}
            />
            <p className="mt-2 hidden text-xs text-soft lg:block">
              <Kbd>j</Kbd> <Kbd>k</Kbd> move, <Kbd>Enter</Kbd> answers, <Kbd>/</Kbd> searches, <Kbd>1</Kbd> <Kbd>2</Kbd>{' '}
              <Kbd>3</Kbd> lists
            </p>
          </div>
          {wide && at !== null && <ApprovalDetail key={at} id={at} />}
        </div>
      )}
    </>
  );
}

/** What came first when the list was first there: as long as it is the same list. */
function useFirst(id: string | null, list: string, isOther: boolean): string | null {
  const kept = useRef<{ readonly list: string; readonly id: string | null }>({ list, id: null });
  if (kept.current.list !== list) kept.current = { list, id: null };
  if (kept.current.id === null && !isOther) kept.current = { list, id };
  return kept.current.id;
}

const LABELS: Readonly<Record<Of, string>> = {
  mine: 'Waiting for you',
  pending: 'All that waits',
  history: 'Answered and over',
};

function Filters({ of, rows }: { of: Of; rows: readonly ApprovalLine[] }) {
  const [search, set] = useFilters();
  const agents = new Map(rows.map(({ agent }) => [agent.id, agent.name]));
  if (search.agent !== undefined && !agents.has(search.agent)) agents.set(search.agent, search.agent);
  return (
    <div className="mb-4 flex flex-wrap gap-2">
      <SearchBox
        label="Search approvals"
        placeholder="Agent, tool, person or words of the request"
        value={search.q ?? ''}
        onChange={(q) => set({ q, id: null })}
        className="max-w-md"
      />
      <Choice aria-label="Agent" value={search.agent ?? ''} onChange={(e) => set({ agent: e.target.value, id: null })}>
        <option value="">Every agent</option>
        {[...agents].map(([id, name]) => (
          <option key={id} value={id}>
            {visible(name)}
          </option>
        ))}
      </Choice>
      {of === 'history' && (
        <Choice
          aria-label="State"
          value={search.state ?? ''}
          onChange={(e) => set({ state: e.target.value, id: null })}
        >
          <option value="">Every outcome</option>
          {Object.entries(STATES)
            .filter(([state]) => state !== 'pending')
            .map(([state, [, said]]) => (
              <option key={state} value={state}>
                {said}
              </option>
            ))}
        </Choice>
      )}
    </div>
  );
}

function Nothing({ of }: { of: Of }) {
  const [search, set] = useFilters();
  if (search.q !== undefined || search.agent !== undefined || search.state !== undefined)
    return (
      <Empty
        icon={BadgeCheck}
        title="Nothing fits"
        action={<Button onClick={() => set({ q: null, agent: null, state: null })}>Show everything</Button>}
      />
    );
  if (of === 'history')
    return (
      <Empty icon={BadgeCheck} title="Nothing was asked yet">
        What people approved, denied or left unanswered is kept here, with the proof of it.
      </Empty>
    );
  return (
    <Empty icon={BadgeCheck} title={of === 'mine' ? 'All answered' : 'Nothing waits'}>
      When a policy says <code className="font-mono">@ask</code>, the agent’s call stops and comes here, and goes on
      only when the people it names have signed it.{' '}
      {of === 'mine' &&
        'You are asked about agents you own, things done in your name, and what your groups and duties cover. '}
      This page tells you by itself when something arrives.
    </Empty>
  );
}
