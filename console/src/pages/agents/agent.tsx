import { PageHead } from '../../kit/card.tsx';

export function AgentPage() {
  return <PageHead title="Agent" />;
}
