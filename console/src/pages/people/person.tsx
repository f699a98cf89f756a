import { PageHead } from '../../kit/card.tsx';

export function PersonPage() {
  return <PageHead title="Person" />;
}
