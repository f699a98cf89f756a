import { PageHead } from '../../kit/card.tsx';

export function ReviewsPage() {
  return <PageHead title="Access reviews" />;
}
