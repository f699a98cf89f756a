import { PageHead } from '../../kit/card.tsx';

export function DraftPage() {
  return <PageHead title="Draft" />;
}
