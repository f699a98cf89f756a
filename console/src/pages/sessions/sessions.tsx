import { PageHead } from '../../kit/card.tsx';

export function SessionsPage() {
  return <PageHead title="Sessions" />;
}
