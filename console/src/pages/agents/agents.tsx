import { PageHead } from '../../kit/card.tsx';

export function AgentsPage() {
  return <PageHead title="Agents" />;
}
