import { FilePen } from 'lucide-react';
import { useState } from 'react';
import type { PoliciesInForce, PolicyDraft } from '../../../../src/model/insight/policies.ts';
import { useChange, useGet, useMay } from '../../api/hooks.ts';
import { Button } from '../../kit/button.tsx';
import { PageHead } from '../../kit/card.tsx';
import { Answered, Failed } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { Code, visible } from '../../kit/text.tsx';
import { Time } from '../../kit/time.tsx';
import { useFilters } from '../../use-filters.ts';
import { useLeadOn } from '../../use-here.ts';
import { Titled } from './draft/notes.tsx';
import { Drafts } from './lists/drafts.tsx';
import { History } from './lists/history.tsx';
import { InForce } from './lists/in-force.tsx';

/** What decides about every call, what is being written, and what was. */
export function PoliciesPage() {
  const [search, set] = useFilters();
  const may = useMay();
  const [naming, setNaming] = useState(false);
  const leadOn = useLeadOn();
  const inForce = useGet<PoliciesInForce>('/v1/policies', { everyMs: 15_000 });
  const begin = useChange<PolicyDraft>({
    onDone: ({ id }) => void leadOn({ to: '/policies/drafts/$id', params: { id }, search: {} as never }),
  });
  const tab = ['drafts', 'history'].find((each) => each === search.tab) ?? 'in-force';
  return (
    <>
      <PageHead
        title="Policies"
        lead={inForce.data === undefined ? 'Nothing is permitted unless a policy says so.' : <Lead of={inForce.data} />}
        actions={
          may('policies.draft') && (
            <Button look="accent" onClick={() => setNaming(true)}>
              <FilePen aria-hidden /> New draft
            </Button>
          )
        }
      />
      {begin.error !== null && <Failed className="mb-4" error={begin.error} />}
      <Tabs
        label="Policies"
        value={tab}
        onChange={(next) => set({ tab: next === 'in-force' ? null : next, policy: null, file: null, q: null })}
        tabs={[
          {
            id: 'in-force',
            label: 'In force',
            content: (
              <Answered query={inForce} lines={14}>
                {(found) => <InForce of={found} />}
              </Answered>
            ),
          },
          {
            id: 'drafts',
            label: 'Drafts',
            content: tab === 'drafts' ? <Drafts onNew={() => setNaming(true)} /> : null,
          },
          { id: 'history', label: 'History', content: tab === 'history' ? <History /> : null },
        ]}
      />
      {naming && (
        <Titled
          heading="New draft"
          verb="Begin"
          initial=""
          hint="What you want to change. It begins with what is in force now, and others can work on it too."
          busy={begin.isPending}
          onClose={() => setNaming(false)}
          onDone={(title) => begin.mutate({ method: 'POST', path: '/v1/policies/drafts', body: { title } })}
        />
      )}
    </>
  );
}

function Lead({ of }: { of: PoliciesInForce }) {
  return (
    <span>
      Version{' '}
      <Code copy className="font-medium text-ink">
        {of.version}
      </Code>{' '}
      is in force
      {of.by === 'start' ? ', read at the start' : of.by !== null && <>, published by {visible(of.by)}</>}
      {of.publishedAtMs !== null && (
        <>
          {' '}
          <Time ms={of.publishedAtMs} look="ago" />
        </>
      )}
      .
    </span>
  );
}
