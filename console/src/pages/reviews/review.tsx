import { PageHead } from '../../kit/card.tsx';

export function ReviewPage() {
  return <PageHead title="Review" />;
}
