import { PageHead } from '../../kit/card.tsx';

export function LivePage() {
  return <PageHead title="Live" />;
}
