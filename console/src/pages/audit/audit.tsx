import { PageHead } from '../../kit/card.tsx';

export function AuditPage() {
  return <PageHead title="Audit" />;
}
