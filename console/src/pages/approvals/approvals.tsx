import { PageHead } from '../../kit/card.tsx';

export function ApprovalsPage() {
  return <PageHead title="Approvals" />;
}
