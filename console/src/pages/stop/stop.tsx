import { PageHead } from '../../kit/card.tsx';

export function StopPage() {
  return <PageHead title="Kill switch" />;
}
