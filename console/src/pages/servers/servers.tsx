import { PageHead } from '../../kit/card.tsx';

export function ServersPage() {
  return <PageHead title="Servers and tools" />;
}
