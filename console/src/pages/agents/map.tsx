import { PageHead } from '../../kit/card.tsx';

export function MapPage() {
  return <PageHead title="Map" />;
}
