import { PageHead } from '../../kit/card.tsx';

export function PoliciesPage() {
  return <PageHead title="Policies" />;
}
