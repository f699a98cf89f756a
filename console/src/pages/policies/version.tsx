import { PageHead } from '../../kit/card.tsx';

export function VersionPage() {
  return <PageHead title="Version" />;
}
