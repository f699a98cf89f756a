import { PageHead } from '../../kit/card.tsx';

export function PeoplePage() {
  return <PageHead title="People" />;
}
