import { PageHead } from '../../kit/card.tsx';

export function ConnectionsPage() {
  return <PageHead title="Connections" />;
}
