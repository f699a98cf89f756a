import { FileSearch, ShieldCheck } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useMay } from '../../api/hooks.ts';
import { PageHead } from '../../kit/card.tsx';
import { Empty, Loading } from '../../kit/states.tsx';
import { Tabs } from '../../kit/tabs.tsx';
import { useFilters } from '../../use-filters.ts';
import { RecordSearch } from './search.tsx';

const Verify = lazy(() => import('./verify.tsx').then(({ VerifyTab }) => ({ default: VerifyTab })));

/** The record: found by anything, and proven. */
export function AuditPage() {
  const may = useMay();
  const [{ tab = 'search' }, set] = useFilters();
  return (
    <>
      <PageHead
        title="Audit"
        lead="Every call, decision, outcome and administrative act, on disk before it took effect. Search it, and verify it without trusting this gateway."
      />
      <Tabs
        label="Audit"
        value={tab}
        onChange={(next) => set({ tab: next === 'search' ? null : next })}
        tabs={[
          {
            id: 'search',
            label: (
              <>
                <FileSearch className="size-4" aria-hidden /> Search
              </>
            ),
            content: <RecordSearch />,
          },
          {
            id: 'verify',
            label: (
              <>
                <ShieldCheck className="size-4" aria-hidden /> Verify
              </>
            ),
            content: may('read.content') ? (
              <Suspense fallback={<Loading lines={10} />}>
                <Verify />
              </Suspense>
            ) : (
              <Empty icon={ShieldCheck} title="Your role does not include the log itself">
                To verify it, your browser reads every record with the arguments of every call. Auditors may; ask for
                that role, or ask one of them.
              </Empty>
            ),
          },
        ]}
      />
    </>
  );
}
